"""What the scripts write into a folder: results.json, report.md and plot.svg."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import quantiles

from load.faults import Round
from load.publishes import Load
from sluice.plot import Group, bar_chart


def machine() -> str:
    """What the figures were measured on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, load {load}"


def percentile(values: Sequence[float], percent: int) -> float:
    """Of values in order; the largest for want of more."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def write_load(found: Load, folder: Path) -> str:
    """Writes all three; the report."""
    shown = {f"p{percent}": percentile(found.ready_s, percent) for percent in (50, 90, 99)}
    document = {**asdict(found), "ready_s": shown, "machine": machine(), "passed": found.passed}
    lines = [
        f"# {found.assets} videos at once, seed {found.seed}",
        "",
        f"On {machine()}. {'Passed' if found.passed else 'FAILED'}.",
        "",
        "| | |",
        "|---|---|",
        f"| ready | {found.ready} of {found.assets} |",
        f"| errored | {_counts(found.errored)} |",
        f"| S3 events sent again, out of order | {found.repeated_object_events} |",
        f"| encode messages sent again, too early and late | {found.repeated_messages} |",
        f"| from the first upload to the last end | {found.wall_s:.1f} s |",
        *(f"| upload to ready, {name} | {value:.1f} s |" for name, value in shown.items()),
        f"| lost, double or left over | {len(found.violations)} |",
        "",
        *(f"- {each}" for each in found.violations),
    ]
    groups = [Group(name, [value]) for name, value in shown.items()]
    return _write(
        folder, document, lines, bar_chart("Seconds from upload to ready", [f"{found.assets} at once"], groups)
    )


def write_faults(rounds: Sequence[Round], folder: Path) -> str:
    """As `write_load`, a row for each kind of fault."""
    kinds = list(dict.fromkeys(each.kind for each in rounds))
    lines = [
        "# Faults",
        "",
        f"On {machine()}. {'Passed' if all(each.passed for each in rounds) else 'FAILED'}.",
        "",
        "| fault | rounds | struck | work | ready at once | errored, then ready | s to recover, worst | wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups = []
    for kind in kinds:
        of = [each for each in rounds if each.kind == kind]
        slowest = max(each.recovered_s for each in of)
        errored: dict[str, int] = {}
        for each in of:
            for code, count in each.errored.items():
                errored[code] = errored.get(code, 0) + count
        wrong = [said for each in of for said in each.violations]
        work, ready = sum(each.work for each in of), sum(each.ready for each in of)
        struck = sum(each.struck for each in of)
        lines.append(
            f"| {kind} | {len(of)} | {struck} | {work} | {ready} | {_counts(errored)} | {slowest:.1f} | {len(wrong)} |"
        )
        groups.append(Group(kind, [sum(each.recovered_s for each in of) / len(of), slowest]))
    lines += ["", *(f"- {each.kind}, seed {each.seed}: {said}" for each in rounds for said in each.violations)]
    document = {"machine": machine(), "rounds": [{**asdict(each), "passed": each.passed} for each in rounds]}
    plot = bar_chart("Seconds from the last fault to the last end", ["mean", "worst"], groups)
    return _write(folder, document, lines, plot)


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {code}" for code, count in sorted(found.items())) or "none"


def _write(folder: Path, document: object, lines: Sequence[str], plot: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    report = "\n".join(lines).rstrip() + "\n"
    (folder / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    (folder / "report.md").write_text(report)
    (folder / "plot.svg").write_text(plot)
    return report
