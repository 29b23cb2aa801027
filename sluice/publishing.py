"""Publishing one file from a terminal: upload, follow the work, say what came of it.

People read standard error: a progress bar on a terminal, one line per state elsewhere.
"""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from sluice.api_client import Api, Json
from sluice.failure import OperatorError
from sluice.uploading import send_file

_POLL_S = 0.3
_UNSETTLED = ("waiting", "preparing")


class AssetErrored(OperatorError):
    """The asset ended errored or cancelled."""


def publish(api: Api, path: Path, *, asset: Json, wait: bool, quiet: bool) -> Json:
    """Upload a file with a progress bar; with `wait`, until the asset is ready or has failed.

    Returns:
        The asset, whatever became of it.
    """
    console = Console(stderr=True, quiet=quiet)
    with _progress_bar(console, quiet=quiet) as bar:
        sending = bar.add_task("uploading", total=path.stat().st_size, note="")
        upload = send_file(api, path, asset=asset, progress=lambda count: bar.advance(sending, count))
        current = api.asset(upload["asset_id"])
        return _follow(api, current, bar, console) if wait else current


def ingest_url(api: Api, url: str, *, asset: Json, wait: bool, quiet: bool) -> Json:
    """Have the deployment fetch a URL; with `wait`, until the asset is ready or has failed.

    Returns:
        The asset, whatever became of it.
    """
    console = Console(stderr=True, quiet=quiet)
    current = api.create_asset({"input": {"url": url}, **asset})
    with _progress_bar(console, quiet=quiet) as bar:
        return _follow(api, current, bar, console) if wait else current


def _progress_bar(console: Console, *, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )


def _follow(api: Api, asset: Json, bar: Progress, console: Console) -> Json:
    working = bar.add_task("waiting", total=100, note="")
    said = ""
    while asset["status"] in _UNSETTLED:
        progress = asset["progress"]
        _show(bar, working, progress["state"], progress)
        if not console.is_terminal and progress["state"] != said:
            said = progress["state"]
            console.print(f"{asset['id']}: {said}", highlight=False)
        time.sleep(_POLL_S)
        asset = api.asset(asset["id"])
    _show(bar, working, asset["status"], asset["progress"])
    return asset


def _show(bar: Progress, task: TaskID, word: str, progress: Json) -> None:
    note = f"{progress['chunks_done']}/{progress['chunks_total']} chunks" if progress["chunks_total"] else ""
    bar.update(task, description=word, completed=progress["percent"], note=note)


def describe(api: Api, asset: Json) -> str:
    """What a person wants to know of an asset, in a few lines."""
    lines = [f"{asset['id']}: {asset['status']}"]
    lines += [f"  {error['code']}: {error['message']}" for error in asset["errors"]]
    if asset["status"] == "ready":
        rungs = ", ".join(rendition["name"] for rendition in asset["renditions"]) or "audio only"
        lines += [f"  renditions  {rungs}", f"  duration    {asset['duration']:.2f} s"]
        lines += [f"  cost        ${asset['cost']['accrued_usd']:.6f} on AWS (estimated)"]
        if asset["playback"]["policy"] == "signed":
            lines += [f"  signed      sluice assets token {asset['id']}"]
        else:
            lines += [f"  HLS         {asset['playback']['hls']}", f"  DASH        {asset['playback']['dash']}"]
        lines += [f"  watch it    {api.base_url}/?asset={asset['id']}"]
    return "\n".join(lines)
