"""The page and its files, as the API serves them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from chalicelib.handlers.pages import FILES
from tests.unit.handlers.conftest import Api

OPEN = {"Authorization": ""}


def directives(policy: str) -> dict[str, list[str]]:
    return {name: words for name, *words in (part.split() for part in policy.split("; "))}


def test_the_page_is_strict(api: Api) -> None:
    """It asks for no key, allows nothing inline or evaluated, and knows the hosts of media and uploads by name."""
    answer = api("GET", "/", headers=OPEN)
    policy = directives(answer.headers["Content-Security-Policy"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert policy["default-src"] == policy["frame-ancestors"] == policy["trusted-types"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["connect-src"][:2] == ["'self'", "https://media.test"]
    assert len(policy["connect-src"]) == 3
    assert "https:" not in answer.headers["Content-Security-Policy"].split()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("page", ["index.html", "embed.html"])
def test_pages_name_files_that_are_served(api: Api, page: str) -> None:
    """Each is there, and named relatively, so that it is found behind a stage of API Gateway too; nothing is inline."""
    text = (FILES / page).read_text()
    named = re.findall(r'(?:src|href)="((?:\.\./)?web/[^"]+)"', text)
    assert len(named) > 3
    for name in named:
        if "/vendor/" not in name:  # brought by the set-up
            assert api("GET", f"/{name.removeprefix('../')}", headers=OPEN).status_code == 200, name
    assert re.findall(r'(?:src|href)="(?:/|https?:)', text) == []
    assert "<style" not in text
    assert " style=" not in text


def test_scripts_import_only_what_is_served(api: Api) -> None:
    """By relative names that resolve to a file of the page."""
    for script in [*FILES.glob("js/*.js"), *FILES.glob("views/*.js")]:
        for name in re.findall(r'(?:from |import\()"(\.[^"]+)"', script.read_text()):
            if "/vendor/" not in name:
                path = (script.parent / name).resolve().relative_to(FILES)
                assert api("GET", f"/web/{path}", headers=OPEN).status_code == 200, (script.name, name)


def test_a_file_is_not_sent_twice(api: Api) -> None:
    """It has its type and an ETag; who has it already hears 304."""
    answer = api("GET", "/web/js/main.js", headers=OPEN)
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.body.decode() == (FILES / "js" / "main.js").read_text()
    again = api("GET", "/web/js/main.js", headers={**OPEN, "If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path", ["js/none.js", "js/.complete", "js/%2e%2e", "vendor/licences", "handlers/api.py", "..%2fhandlers/api.py"]
)
def test_nothing_else_is_served(api: Api, path: str) -> None:
    """Neither other folders nor other names."""
    answer = api("GET", f"/web/{path}", headers=OPEN)
    assert (answer.status_code, answer.json_body["code"]) == (404, "route-not-found")


def test_origins_may_frame_the_player_by_setting(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody, until it is said who may."""
    services = api.desk.services()
    path = "/embed/as_01mcc5rm00zzzzzzzzzzzzzzzz"
    assert directives(api("GET", path, headers=OPEN).headers["Content-Security-Policy"])["frame-ancestors"] == ["*"]
    chosen = replace(services, settings=replace(services.settings, embed_origins=("https://a.test", "https://b.test")))
    monkeypatch.setattr("chalicelib.handlers.wiring.services", lambda: chosen)
    policy = directives(api("GET", path, headers=OPEN).headers["Content-Security-Policy"])
    assert policy["frame-ancestors"] == ["https://a.test", "https://b.test"]
    assert policy["connect-src"] == ["'self'", "https://media.test"]
