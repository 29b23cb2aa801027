// What a customer's page does with Uppy. The test drives `uppy` and reads `heard`.

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import GoldenRetriever from "@uppy/golden-retriever";

const asked = new URLSearchParams(location.search);
const uppy = new Uppy({ autoProceed: true });
const heard = { parts: [], failed: 0, succeeded: null, restored: false };

uppy.use(AwsS3, { companionEndpoint: asked.get("endpoint"), shouldUseMultipart: asked.has("parts") });
// By default it keeps files of up to 10 MiB.
uppy.use(GoldenRetriever, { indexedDB: { maxFileSize: 64 * 2 ** 20 } });
uppy.on("s3-multipart:part-uploaded", (_file, part) => heard.parts.push(part.PartNumber));
uppy.on("upload-error", () => (heard.failed += 1));
uppy.on("upload-success", (_file, { body }) => (heard.succeeded = body));
uppy.on("restored", () => (heard.restored = uppy.getFiles().length > 0 && uppy.getFiles().every((file) => file.data)));

document.querySelector("input").addEventListener("change", (event) => {
  const [file] = event.target.files;
  uppy.addFile({ name: file.name, type: file.type, data: file, meta: { caption: "By the sea" } });
});

Object.assign(window, { uppy, heard });
