"""Publishing from a terminal: upload, follow the work, say what came of it.

People read standard error: a progress bar on a terminal, one line per state elsewhere.
"""

from __future__ import annotations

import errno
import mimetypes
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from sluice.api_client import Api, Json
from sluice.failure import Interrupted, OperatorError
from sluice.uploading import send_file

_POLL_S = 0.3
_UNSETTLED = ("waiting", "preparing")
_NOT_IN_MIMETYPES = frozenset({".mkv", ".mxf", ".m2ts", ".ts", ".flv", ".m4v", ".flac", ".opus"})


class AssetErrored(OperatorError):
    """The asset ended errored or cancelled."""


def is_url(source: str) -> bool:
    """Whether the deployment fetches it, rather than this machine sending it."""
    return source.startswith(("http://", "https://"))


def expand(source: str) -> list[str]:
    """What one argument of `sluice upload` names: a URL or a file itself, of a folder its videos and sounds.

    Those in folders below it too, in the order of their names; what is hidden is left out.

    Raises:
        OperatorError: If a folder holds none.
        FileNotFoundError: If there is nothing of that name.
    """
    path = Path(source)
    if is_url(source) or path.is_file():
        return [source]
    if not path.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no file", source)
    inside = [each for each in sorted(path.rglob("*")) if each.is_file() and _is_media(each.relative_to(path))]
    if not inside:
        raise OperatorError(f"there is no video in {source}")
    return [str(each) for each in inside]


def _is_media(path: Path) -> bool:
    if any(part.startswith(".") for part in path.parts):
        return False
    kind = mimetypes.guess_type(path.name)[0] or ""
    return kind.startswith(("video/", "audio/")) or path.suffix.lower() in _NOT_IN_MIMETYPES


def publish(
    api: Api, sources: Sequence[str], *, asset: Json, wait: bool, quiet: bool
) -> Iterator[Json | OperatorError]:
    """Send files one after the other, each with a progress bar; have URLs fetched meanwhile. With `wait`, until each
    asset is ready or has failed.

    Yields:
        Of each source, in their order: the asset, whatever became of it, or why there is none.
    """
    console = Console(stderr=True, quiet=quiet)
    with _progress_bar(console, quiet=quiet) as bar:
        begun = [_begin(api, source, asset, bar) for source in sources]
        for each in begun:
            if isinstance(each, OperatorError) or not wait:
                yield each
                continue
            try:
                followed = _follow(api, each, bar, console)
            except KeyboardInterrupt:
                message = f"interrupted; the work goes on, unless you say: sluice assets cancel {each['id']}"
                raise Interrupted(message) from None
            yield followed


def _begin(api: Api, source: str, asset: Json, bar: Progress) -> Json | OperatorError:
    try:
        if is_url(source):
            return api.create_asset({"input": {"url": source}, **asset})
        path = Path(source)
        sending = bar.add_task("uploading", total=path.stat().st_size, note=path.name)
        upload = send_file(api, path, asset=asset, progress=lambda count: bar.advance(sending, count))
        return api.asset(upload["asset_id"])
    except Interrupted:
        raise
    except OperatorError as error:
        return error


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
