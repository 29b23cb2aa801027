"""Who may call the API: holders of API keys, or those whom an authorizer of API Gateway vouches for.

`SLUICE_AUTH` decides when the app is imported, because routes carry their authorizer: `chalice package` writes it into
the API's description, and API Gateway refuses before a function runs. What it found out is read here. Where it found
out nothing, nobody is let in: a deployment whose API lacks the authorizer that the function counts on is closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalice.app import Authorizer, CognitoUserPoolAuthorizer, IAMAuthorizer, Request

from chalicelib.catalog.api_key import Caller, Scope, allowed_by, sufficient_for
from chalicelib.errors import Unauthorized
from chalicelib.settings import Access, AuthMode

GROUP_PREFIX = "sluice-"
RESOURCE_SERVER = "sluice/"
_WORDS = re.compile(r"[^\s,\[\]]+")


def authorizer_of(access: Access, scope: Scope) -> Authorizer | None:
    """What API Gateway asks before it calls the function; None if the function asks for a key itself."""
    if access.mode is AuthMode.IAM:
        return IAMAuthorizer()
    if access.mode is AuthMode.KEYS:
        return None
    pool = CognitoUserPoolAuthorizer("cognito", provider_arns=[access.user_pool_arn])
    if not access.access_tokens:
        return pool
    # A method with scopes takes access tokens, one without takes ID tokens.
    return pool.with_scopes([f"{RESOURCE_SERVER}{each}" for each in sufficient_for(scope)])


def vouched_for(request: Request, access: Access) -> Caller:
    """The caller that API Gateway has let through.

    Raises:
        Unauthorized: If it names nobody.
    """
    return _signer(request.context) if access.mode is AuthMode.IAM else _user(request.context)


def _signer(context: Mapping[str, Any]) -> Caller:
    """IAM policies say who may invoke which route, so whoever signed may do what came through."""
    arn = (context.get("identity") or {}).get("userArn")
    if not isinstance(arn, str) or not arn:
        raise Unauthorized("sign the request with credentials that may invoke this API (SigV4)")
    return Caller(arn, allowed_by([Scope.ADMIN]))


def _user(context: Mapping[str, Any]) -> Caller:
    claims = (context.get("authorizer") or {}).get("claims") or {}
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Unauthorized("send a token of the user pool in the header Authorization")
    groups = [name.removeprefix(GROUP_PREFIX) for name in _names(claims, "cognito:groups", GROUP_PREFIX)]
    scopes = [name.removeprefix(RESOURCE_SERVER) for name in _names(claims, "scope", RESOURCE_SERVER)]
    return Caller(subject, allowed_by(Scope(name) for name in {*groups, *scopes} & set(Scope)))


def _names(claims: Mapping[str, Any], claim: str, prefix: str) -> list[str]:
    """API Gateway hands a list over as text: "a,b" or "[a b]"; the scopes of a token are words."""
    value = claims.get(claim) or ""
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [word for word in _WORDS.findall(text) if word.startswith(prefix)]
