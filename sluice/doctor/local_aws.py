"""The local AWS: does it run, does it answer, is the key good."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import closing

from sluice.api_client import Api
from sluice.doctor.finding import Check, Status, failed, ok, warning
from sluice.facts import read_facts
from sluice.keys import development_key
from sluice.paths import Local

_PATIENCE_S = 3.0
Found = tuple[Status, str, str]


def checks(local: Local) -> list[Check]:
    """Only whether it runs, if it does not."""
    facts = read_facts(local.home)
    first = Check("local AWS", lambda: supervisor(local))
    if facts is None or not facts.ready:
        return [first]
    gateway_url = f"http://127.0.0.1:{facts.gateway_port}"
    return [
        first,
        Check("emulator", lambda: emulator(gateway_url)),
        Check("API", lambda: api(facts.url, development_key(local.home))),
        Check("API key", lambda: api_key(facts.url, development_key(local.home))),
    ]


def supervisor(local: Local) -> Found:
    facts = read_facts(local.home)
    if facts is None:
        return Status.SKIPPED, "it does not run", "sluice up --detach"
    if not facts.ready:
        return warning("it is starting", f"wait; or look into {local.home.supervisor_log}")
    return ok(facts.url)


def emulator(gateway_url: str) -> Found:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{gateway_url}/_ministack/health", timeout=_PATIENCE_S) as answer:
            return ok(f"{gateway_url} answers {answer.status}")
    except (urllib.error.URLError, OSError) as error:
        return failed(f"{gateway_url} does not answer: {error}", "sluice down; sluice up --detach")


def api(url: str, key: str) -> Found:
    with closing(Api(url, key)) as of:
        said = of.health()
    return ok(f"{url} is {said.get('status', 'there')}")


def api_key(url: str, key: str) -> Found:
    """A call that needs one; a refusal is an OperatorError, and so a failure."""
    with closing(Api(url, key)) as of:
        of.assets(status=None, limit=1)
    return ok("it is taken")
