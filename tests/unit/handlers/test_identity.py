"""Whom an authorizer of API Gateway vouches for, and that routes carry it as the setting says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.catalog.api_key import Caller, Scope, allowed_by
from chalicelib.errors import ConfigurationInvalid, Unauthorized
from chalicelib.handlers import http
from chalicelib.handlers.identity import vouched_for
from chalicelib.handlers.scopes import SCOPES
from chalicelib.settings import Access, AuthMode, access
from tests.unit.handlers.conftest import Api

ROOT = Path(__file__).resolve().parents[3]
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc"
IAM, COGNITO = Access(AuthMode.IAM), Access(AuthMode.COGNITO, POOL)
# The whole API as `chalice package` describes it to API Gateway, and the event of one call as API Gateway sends it.
_DESCRIBE = """
import json, sys
from chalice.deploy.swagger import CFNSwaggerGenerator
from app import app
print(json.dumps(CFNSwaggerGenerator().generate_swagger(app)))
"""


def _caller(context: dict[str, Any], mode: Access) -> Caller:
    return vouched_for(SimpleNamespace(context=context), mode)  # type: ignore[arg-type]


def _claims(**claims: object) -> dict[str, Any]:
    return {"authorizer": {"claims": {"sub": "user-1", **claims}}}


def test_who_signed_may_do_what_came_through() -> None:
    """IAM decides about routes before the function runs, so a signer has every scope, under their own name."""
    arn = "arn:aws:sts::123456789012:assumed-role/backend/i-1"
    assert _caller({"identity": {"userArn": arn}}, IAM) == Caller(arn, frozenset(Scope))


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, set()),
        ({"cognito:groups": "sluice-read"}, {Scope.READ}),
        ({"cognito:groups": "staff,sluice-write"}, allowed_by([Scope.WRITE])),
        ({"cognito:groups": "[sluice-playback sluice-read]"}, {Scope.PLAYBACK, Scope.READ}),
        ({"cognito:groups": ["sluice-admin"]}, set(Scope)),
        ({"cognito:groups": "admin,read,sluice-root,xsluice-admin"}, set()),
        ({"scope": "openid sluice/read"}, {Scope.READ}),
        ({"scope": "read admin other/admin sluice/"}, set()),
    ],
)
def test_groups_and_scopes_say_what_a_user_may_do(claims: dict[str, Any], scopes: set[Scope]) -> None:
    """Only groups sluice-<scope> and scopes sluice/<scope> count, in every form in which they are handed over."""
    assert _caller(_claims(**claims), COGNITO) == Caller("user-1", frozenset(scopes))


@pytest.mark.parametrize("mode", [IAM, COGNITO])
@pytest.mark.parametrize(
    "context",
    [{}, {"identity": {}, "authorizer": {}}, {"identity": {"userArn": ""}, "authorizer": {"claims": {"sub": ""}}}],
)
def test_nobody_vouched_for_is_nobody(context: dict[str, Any], mode: Access) -> None:
    """A function whose API lacks the authorizer is closed."""
    with pytest.raises(Unauthorized):
        _caller(context, mode)
    with pytest.raises(Unauthorized):
        _caller(_claims() if mode is IAM else {"identity": {"userArn": "arn:aws:iam::1:user/a"}}, mode)


def test_an_api_key_opens_nothing_where_others_vouch(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the other modes a known key is no credential."""
    assert api("GET", "/v1/assets").status_code == 200
    for mode in (IAM, COGNITO):
        monkeypatch.setattr(http, "ACCESS", mode)
        assert api("GET", "/v1/assets").status_code == 401


@pytest.mark.parametrize(
    ("mode", "callers"),
    [
        (IAM, [{"identity": {"userArn": f"arn:aws:sts::1:assumed-role/{name}"}} for name in ("a/1", "a/2", "b/1")]),
        (COGNITO, [_claims(**{"sub": name, "cognito:groups": "sluice-read"}) for name in ("a", "a", "b")]),
    ],
    ids=["iam", "cognito"],
)
def test_a_principal_has_a_limit(
    mode: Access, callers: list[dict[str, Any]], api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each user and each role, whatever its sessions are called, has the deployment's requests a minute."""
    services = api.desk.services()
    chosen = replace(services, settings=replace(services.settings, requests_per_minute=1))
    monkeypatch.setattr("chalicelib.handlers.wiring.services", lambda: chosen)
    monkeypatch.setattr(http, "ACCESS", mode)
    statuses = []
    for context in callers:
        monkeypatch.setattr(http, "vouched_for", lambda _request, access, given=context: _caller(given, access))
        statuses.append(api("GET", "/v1/assets").status_code)
    assert statuses == [200, 429, 200]


def test_the_mode_is_checked() -> None:
    """Keys unless something else is said; a user pool needs its ARN, and a misspelt mode is no mode."""
    assert access({}) == Access(AuthMode.KEYS)
    assert access({"SLUICE_AUTH": "IAM", "SLUICE_COGNITO_USER_POOL_ARN": POOL}) == IAM
    cognito = {"SLUICE_AUTH": "cognito", "SLUICE_COGNITO_USER_POOL_ARN": POOL}
    assert access(cognito) == COGNITO
    assert access({**cognito, "SLUICE_COGNITO_TOKENS": "access"}) == Access(AuthMode.COGNITO, POOL, access_tokens=True)
    for wrong in ({"SLUICE_AUTH": "none"}, {"SLUICE_AUTH": "cognito"}, {**cognito, "SLUICE_COGNITO_TOKENS": "any"}):
        with pytest.raises(ConfigurationInvalid):
            access(wrong)


def _described(**environ: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", _DESCRIBE], cwd=ROOT, env={"PYTHONPATH": str(ROOT), **environ}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("environ", "name", "definition"),
    [
        ({}, None, None),
        ({"SLUICE_AUTH": "iam"}, "sigv4", {"x-amazon-apigateway-authtype": "awsSigv4"}),
        (
            {"SLUICE_AUTH": "cognito", "SLUICE_COGNITO_USER_POOL_ARN": POOL},
            "cognito",
            {"x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]}},
        ),
        (
            {"SLUICE_AUTH": "cognito", "SLUICE_COGNITO_USER_POOL_ARN": POOL, "SLUICE_COGNITO_TOKENS": "access"},
            "cognito",
            {"x-amazon-apigateway-authtype": "cognito_user_pools"},
        ),
    ],
    ids=["keys", "iam", "cognito", "cognito-access"],
)
def test_routes_carry_their_authorizer(environ: dict[str, str], name: str | None, definition: Any) -> None:
    """Each route that asks for a scope, and no preflight or open route; access tokens by the scopes that are enough."""
    described = _described(**environ)
    if name is None:
        assert "securityDefinitions" not in described
    else:
        assert described["securityDefinitions"].keys() == {name}
        assert definition.items() <= described["securityDefinitions"][name].items()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            asked = SCOPES.get(f"{method.upper().replace('HEAD', 'GET')} {path}")
            if asked is None or name is None:
                assert "security" not in operation
            elif "SLUICE_COGNITO_TOKENS" in environ:
                enough = {f"sluice/{scope}" for scope in Scope if asked in allowed_by([scope])}
                assert [set(security[name]) for security in operation["security"]] == [enough]
            else:
                assert operation["security"] == [{name: []}]
