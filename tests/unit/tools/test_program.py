"""The runner, tried on small programs that behave as an encoder must not."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from chalicelib.errors import DeadlineNear, DiskFull, EncoderFailed, EncoderKilled, UnsupportedMedia, WorkSuperseded
from chalicelib.tools import program as module
from chalicelib.tools.program import Program

Write = Callable[[str], Program]


@pytest.fixture
def program(tmp_path: Path) -> Write:
    """A shell script in the place of an encoder."""

    def write(script: str) -> Program:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Program(str(path))

    return write


def soon(seconds: float = 20) -> float:
    return time.monotonic() + seconds


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie waits for init only.
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_output_goes_to_the_sink_and_stderr_is_kept(program: Write) -> None:
    """Lines of stdout arrive in order; the first matching line of stderr survives what follows it."""
    lines: list[bytes] = []
    script = 'echo one; echo two; echo "  start: 1.5" >&2; for n in $(seq 100); do echo "noise $n" >&2; done'
    finished = program(script).run((), deadline=soon(), on_stdout=lines.append, pick=re.compile(r"^  start"))
    assert lines == [b"one\n", b"two\n"]
    assert finished.picked == "  start: 1.5"
    assert len(finished.stderr) == module.STDERR_LINES
    assert finished.stderr[-1] == "noise 100"


def test_the_child_sees_nothing_of_our_environment(program: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials never reach a program that reads customers' files."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    lines: list[bytes] = []
    program("/usr/bin/env").run((), deadline=soon(), on_stdout=lines.append)
    names = {line.split(b"=")[0] for line in lines}
    assert not any(name.startswith(b"AWS") for name in names)
    assert names <= {b"LC_ALL", b"TZ", b"AV_LOG_FORCE_NOCOLOR", b"SVT_LOG", b"PWD", b"_", b"SHLVL", b"OLDPWD"}


def test_the_child_is_limited(program: Write) -> None:
    """Processor time, memory, file size and core dumps have hard bounds."""
    lines: list[bytes] = []
    script = "sleep 0.3; cat /proc/$$/limits"
    program(script).run((), deadline=soon(), file_limit_bytes=1_000_000, on_stdout=lines.append)
    limits = {line[:26].strip(): line[26:].split()[:2] for line in map(bytes.decode, lines)}
    assert limits["Max cpu time"] == [str(module.CPU_LIMIT_S)] * 2
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max data size"] == [str(module.MEMORY_LIMIT_BYTES)] * 2
    assert limits["Max file size"] == ["1000000"] * 2


def test_the_deadline_ends_the_whole_group(program: Write, tmp_path: Path) -> None:
    """Children of the child end too, and the caller is told to come back."""
    script = f"sleep 60 & echo $! > {tmp_path}/pid; wait"
    started = time.monotonic()
    with pytest.raises(DeadlineNear):
        program(script).run((), deadline=soon(0.5))
    assert time.monotonic() - started < 10
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_silent_reader_of_stdout_ends_at_the_deadline_too(program: Write) -> None:
    """Waiting for a line that never comes is bounded as well."""
    lines: list[bytes] = []
    with pytest.raises(DeadlineNear):
        program("exec sleep 60").run((), deadline=soon(0.3), on_stdout=lines.append)


def test_nothing_starts_after_the_deadline(program: Write, tmp_path: Path) -> None:
    """There is no point in a run that cannot end in time."""
    with pytest.raises(DeadlineNear):
        program(f"touch {tmp_path}/started").run((), deadline=time.monotonic() - 1)
    assert not (tmp_path / "started").exists()


def test_an_exit_code_is_a_failure_with_its_last_words(program: Write, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the arguments and the tail of stderr; the error has the last line."""
    with pytest.raises(EncoderFailed) as failed:
        program("echo 'bad codec' >&2; exit 3").run(("-i", "x"), deadline=soon())
    assert failed.value.context == {"exit_code": 3, "stderr": "bad codec"}
    [record] = caplog.records
    assert record.__dict__["argv"][1:] == ("-i", "x")
    assert list(record.__dict__["stderr"]) == ["bad codec"]


def test_a_failure_on_a_full_disk_is_worth_another_try(
    program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk itself is asked, and if others have made room since, the system's own words; a success is no matter."""
    full = SimpleNamespace(free=4096)
    monkeypatch.setattr("chalicelib.tools.program.shutil.disk_usage", lambda _: full)
    with pytest.raises(DiskFull) as failed:
        program("exit 228").run((), deadline=soon(), cwd=tmp_path)
    assert failed.value.retryable
    program("exit 0").run((), deadline=soon(), cwd=tmp_path)
    full.free = 2**30
    with pytest.raises(DiskFull):
        program("echo 'sprite.jpg: No space left on device' >&2; exit 1").run((), deadline=soon(), cwd=tmp_path)
    with pytest.raises(EncoderFailed):
        program("exit 228").run((), deadline=soon(), cwd=tmp_path)


def test_a_signal_is_worth_another_try(program: Write) -> None:
    """The kernel kills for want of memory; that may pass."""
    with pytest.raises(EncoderKilled) as killed:
        program("kill -9 $$").run((), deadline=soon())
    assert killed.value.retryable
    assert killed.value.context["signal"] == "SIGKILL"


def test_what_a_sink_raises_ends_the_run(program: Write, tmp_path: Path) -> None:
    """A refused line is reported at once, and nothing goes on writing."""

    def refuse(line: bytes) -> None:
        raise UnsupportedMedia("too much", line=line)

    with pytest.raises(UnsupportedMedia):
        program(f"echo $$ > {tmp_path}/pid; while :; do echo line; done").run((), deadline=soon(), on_stdout=refuse)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_outputs_land_in_the_working_folder(program: Write, tmp_path: Path) -> None:
    """Relative names are relative to the caller's folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    program("echo hello > out.mp4").run((), cwd=folder, deadline=soon())
    assert (folder / "out.mp4").read_text() == "hello\n"


def test_a_missing_program_is_our_fault(tmp_path: Path) -> None:
    """A function without its layer says so."""
    with pytest.raises(EncoderFailed, match="layer"):
        Program(str(tmp_path / "nowhere")).run((), deadline=soon())


def test_what_the_watch_raises_ends_the_run(program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked while the child runs, its error is raised, and the child is gone."""
    monkeypatch.setattr(module, "_WATCH_EVERY_S", 0.05)
    asked: list[int] = []

    def watch() -> None:
        asked.append(len(asked))
        if len(asked) == 3:
            raise WorkSuperseded("nobody wants it")

    with pytest.raises(WorkSuperseded):
        program(f"echo $$ > {tmp_path}/pid; exec sleep 60").run((), deadline=soon(), watch=watch)
    assert asked == [0, 1, 2]
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_what_is_fed_arrives_whole(program: Write) -> None:
    """Every piece reaches stdin, in order, and then its end."""
    lines: list[bytes] = []
    pieces = (b"%07d\n" % number for number in range(100_000))
    program("wc -c; ").run((), deadline=soon(), on_stdout=lines.append, feed=pieces)
    assert lines == [b"800000\n"]


def test_pieces_are_made_while_others_are_written(program: Write, tmp_path: Path) -> None:
    """Whoever makes them does not wait for a program that is still busy with the one before."""

    def pieces() -> Iterator[bytes]:
        yield bytes(4 << 20)
        (tmp_path / "go").touch()
        yield b"more"

    waits = f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; cat >/dev/null"
    program(waits).run((), deadline=soon(), feed=pieces())


def test_a_program_that_is_fed_gives_way(program: Write) -> None:
    """To whoever makes what it reads; one that reads nothing does not."""
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[bytes] = []
    script = "read line; cut -d ' ' -f 19 /proc/self/stat"
    for feed in ((b"go\n",), ()):
        program(script).run((), deadline=soon(), on_stdout=found.append, feed=feed)
    assert list(map(int, found)) == [min(ours + 10, 19), ours]


def test_a_program_that_has_enough_ends_the_feeding(program: Write) -> None:
    """Nothing more is asked of the feed once the program closed its stdin, and that alone is no failure."""
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield bytes(1 << 16)

    program("head -c 100000 >/dev/null").run((), deadline=soon(), feed=endless())
    assert 2 <= asked < 100


def test_a_feed_that_fails_ends_the_program(program: Write) -> None:
    """Its own error is raised, and the program is gone by then."""

    def failing() -> Iterator[bytes]:
        yield b"one"
        raise BrokenPipeError("of the feed, not of the program")

    started = time.monotonic()
    with pytest.raises(BrokenPipeError, match="of the feed"):
        program("cat >/dev/null; sleep 60").run((), deadline=soon(), feed=failing())
    assert time.monotonic() - started < 30


def test_feeding_ends_at_the_deadline(program: Write) -> None:
    """A program that does not read cannot hold the worker."""
    with pytest.raises(DeadlineNear):
        program("sleep 60").run((), deadline=soon(0.3), feed=(bytes(1 << 16) for _ in range(100)))
