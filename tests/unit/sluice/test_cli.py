"""The command line as a whole: its verbs, their common flags, and what they leave with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sluice import api_client, verbs_assets, verbs_dlq
from sluice.cli import ON_THIS_MACHINE, main

# What the contract of the command line names.
PROMISED = (
    "up",
    "deploy",
    "destroy",
    "doctor",
    "quotas",
    "policies user",
    "policies role",
    "policies validate",
    "upload",
    "estimate",
    "assets ls",
    "assets get",
    "assets rm",
    "assets retry",
    "assets cancel",
    "assets token",
    "sites create",
    "render",
    "render-batch",
    "renders ls",
    "renders get",
    "renders cancel",
    "webhooks listen",
    "webhooks trigger",
    "webhooks replay",
    "webhooks verify",
    "logs",
    "dlq ls",
    "dlq redrive",
    "dlq purge",
    "completion",
)


def _verbs(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, verb in command.commands.items():
            yield from _verbs(verb, f"{path} {name}".strip())
    else:
        yield path, command


VERBS = dict(_verbs(main))


def test_every_promised_verb_is_there() -> None:
    """A verb that the contract names can be called."""
    assert set(PROMISED) <= set(VERBS)


@pytest.mark.parametrize("flag", ["--stage", "--region", "--profile", "--json", "--quiet", "--yes"])
def test_every_verb_takes_the_common_flags(flag: str) -> None:
    """None is left out, and none is there twice."""
    for path, verb in VERBS.items():
        assert [opt for each in verb.params for opt in each.opts].count(flag) == 1, f"{path} {flag}"


def test_every_verb_says_what_it_does() -> None:
    """Each has a help text, and each help is shown."""
    for path, verb in VERBS.items():
        assert verb.help, path
        assert CliRunner().invoke(main, [*path.split(), "--help"]).exit_code == 0


def test_verbs_of_this_machine_know_no_other_stage() -> None:
    """A stage of an account is refused as wrong use, not ignored."""
    assert set(VERBS) >= ON_THIS_MACHINE
    done = CliRunner().invoke(main, ["down", "--stage", "prod"])
    assert (done.exit_code, "this machine only" in done.output) == (2, True)


def test_an_address_and_a_stage_exclude_each_other() -> None:
    """Nobody would know which one was meant."""
    done = CliRunner().invoke(main, ["assets", "ls", "--stage", "prod", "--url", "http://x.test"])
    assert (done.exit_code, "either --url or --stage" in done.output) == (2, True)
    assert CliRunner().invoke(main, ["assets", "ls", "--region", "eu-west-1"]).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (api_client.ApiRefused("there is no such asset", status=404, code="asset-not-found"), 5, "no such asset"),
        (api_client.ApiRefused("no", status=403, code="forbidden"), 1, "sluice: no"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "/etc/x"), 1, "Permission denied: /etc/x"),
    ],
)
def test_what_a_verb_leaves_with(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str) -> None:
    """Failures are one line and a documented code; none is a traceback."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(verbs_assets, "open_api", fail)
    done = CliRunner().invoke(main, ["assets", "get", "as_x"])
    assert (done.exit_code, done.output.count("\n")) == (code, 1)
    assert said in done.output


def test_an_answer_of_somebody_else_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page where the API should be is told as such."""

    class Page:
        url = type("Url", (), {"host": "example.test"})

        def json(self) -> object:
            raise ValueError

    with pytest.raises(api_client.ApiUnreachable, match=r"example\.test answers"):
        api_client._object(Page())  # type: ignore[arg-type]
    monkeypatch.undo()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_the_command_as_it_is_called(shell: str) -> None:
    """Each script asks the command `sluice` itself."""
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0, done.output
    assert f"_SLUICE_COMPLETE={shell}_complete" in done.stdout


def test_what_is_no_file_and_no_url_is_wrong_use(tmp_path: Path) -> None:
    """Before anything is asked of the API."""
    done = CliRunner().invoke(main, ["upload", str(tmp_path / "none.mp4")])
    assert (done.exit_code, "there is no file" in done.output) == (2, True)


def test_nothing_is_purged_that_nobody_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal only --yes agrees."""
    purged: list[object] = []
    queue = type("Queue", (), {"messages": 3})()
    monkeypatch.setattr(verbs_dlq, "place_of", lambda _flags: "sluice-x")
    monkeypatch.setattr(verbs_dlq, "chosen_ones", lambda _place, _names: [queue])
    monkeypatch.setattr(verbs_dlq, "purge", lambda _place, each: purged.append(each))
    assert CliRunner().invoke(main, ["dlq", "purge", "encode"]).exit_code == 1
    assert purged == []
    assert CliRunner().invoke(main, ["dlq", "purge", "encode", "--yes"]).exit_code == 0
    assert purged == [queue]
