"""Tokens of a user pool: through the API's own description and the emulator's API Gateway to what the function makes
of them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chalice.app import Request

from chalicelib.catalog.api_key import Caller, Scope, allowed_by
from chalicelib.errors import Unauthorized
from chalicelib.handlers.identity import vouched_for
from chalicelib.settings import Access, AuthMode
from sluice.emulator import venv
from sluice.paths import Local

ROOT = Path(__file__).resolve().parents[2]
POOL = "us-east-1_test"
ARN = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL}"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
PUBLIC_EXPONENT = 65537
BITS = 512
_DESCRIBE = """
import json
from chalice.deploy.swagger import CFNSwaggerGenerator
from app import app
print(json.dumps(CFNSwaggerGenerator().generate_swagger(app)))
"""
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def _is_prime(number: int) -> bool:
    """Miller-Rabin, for odd numbers."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    for _ in range(20):
        power = pow(secrets.randbelow(number - 3) + 2, (number - 1) >> twos, number)
        if power not in (1, number - 1) and not any(
            (power := power * power % number) == number - 1 for _ in range(twos - 1)
        ):
            return False
    return True


def _prime() -> int:
    while True:
        found = secrets.randbits(BITS) | 3 << (BITS - 2) | 1
        if found % PUBLIC_EXPONENT != 1 and _is_prime(found):
            return found


@cache
def _key() -> tuple[int, int]:
    """Modulus and private exponent of a key that lives as long as this process."""
    one, other = _prime(), _prime()
    return one * other, pow(PUBLIC_EXPONENT, -1, (one - 1) * (other - 1))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _token(claims: dict[str, object] | None = None, *, key_id: str = "one") -> str:
    """A JWT as Cognito signs them."""
    modulus, private = _key()
    own = {"iss": ISSUER, "sub": "user-1", "exp": int(time.time()) + 300, **(claims or {})}
    parts = [{"alg": "RS256", "kid": key_id}, own]
    signed = ".".join(_text(json.dumps(part).encode()) for part in parts)
    digest = _SHA256_PREFIX + hashlib.sha256(signed.encode()).digest()
    padded = b"\0\1" + b"\xff" * (BITS // 4 - len(digest) - 3) + b"\0" + digest
    return f"{signed}.{_text(pow(int.from_bytes(padded, 'big'), private, modulus).to_bytes(BITS // 4, 'big'))}"


def _asked(tokens: str, calls: list[tuple[str, str | None]]) -> list[dict[str, Any]]:
    """What API Gateway answers GET `path` with a token, once our API is described as the setting says."""
    environ = {"SLUICE_AUTH": "cognito", "SLUICE_COGNITO_USER_POOL_ARN": ARN, "SLUICE_COGNITO_TOKENS": tokens}
    described = subprocess.run(
        [sys.executable, "-c", _DESCRIBE],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        check=True,
    )
    size = BITS // 4
    public = {"n": _text(_key()[0].to_bytes(size, "big")), "e": _text(PUBLIC_EXPONENT.to_bytes(3, "big"))}
    asked = {
        "swagger": json.loads(described.stdout),
        "jwks": {"keys": [{"kid": "one", **public}]},
        "calls": [{"path": path, "token": token} for path, token in calls],
    }
    emulator = Local.from_env().emulator_venv
    venv.ensure(emulator)
    done = subprocess.run(
        [str(venv.python_of(emulator)), str(ROOT / "tests" / "cognito_gateway.py")],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def _caller(answer: dict[str, Any], access: Access) -> Caller:
    request = SimpleNamespace(context={"authorizer": answer.get("authorizer")})
    return vouched_for(cast(Request, request), access)


def test_users_are_who_their_groups_say() -> None:
    """An ID token that the pool signed is let in with the scopes of its groups; every other one is 401 at the door."""
    good = _token({"cognito:groups": ["staff", "sluice-read", "sluice-playback"]})
    refused = [
        None,
        "sk_not_a_token",
        good[:-8] + "AAAAAAAA",
        _token({"exp": int(time.time()) - 1}),
        _token({"iss": f"{ISSUER}2"}),
        _token(key_id="two"),
    ]
    answers = _asked("id", [("/v1/assets", token) for token in (good, _token(), *refused)])
    access = Access(AuthMode.COGNITO, ARN)
    assert _caller(answers[0], access) == Caller("user-1", allowed_by([Scope.READ, Scope.PLAYBACK]))
    assert _caller(answers[1], access) == Caller("user-1", frozenset())
    assert answers[2:] == [{"refused": "UNAUTHORIZED"}] * len(refused)
    with pytest.raises(Unauthorized):
        _caller(answers[2], access)


def test_machines_get_in_by_the_scopes_of_the_route() -> None:
    """With access tokens API Gateway itself asks for a scope that is enough for the route; open routes ask for none."""
    reader, writer = _token({"scope": "sluice/read"}), _token({"scope": "openid sluice/write"})
    asked = [("/v1/assets", reader), ("/v1/assets", writer), ("/v1/keys", writer), ("/v1/assets", _token())]
    answers = _asked("access", [*asked, ("/v1/health", None)])
    assert [answer.get("refused") for answer in answers] == [None, None, "UNAUTHORIZED", "UNAUTHORIZED", None]
    access = Access(AuthMode.COGNITO, ARN, access_tokens=True)
    assert _caller(answers[1], access).scopes == allowed_by([Scope.WRITE])
