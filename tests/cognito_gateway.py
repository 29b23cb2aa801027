"""What the emulator's API Gateway makes of tokens of a user pool. Run by the emulator's own Python, not imported.

It reads {"swagger", "jwks", "calls": [{"path", "token"}]} and writes for each call {"refused"}, or {"authorizer"}: what
a function would get as `requestContext.authorizer`. Everything is the emulator's but the arithmetic of RSA, for which
it wants a library that it does not come with.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from typing import Any

from ministack.services import apigateway_v1 as gateway

# RFC 8017, section 9.2, note 1.
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def _verify(token: str, jwk: dict[str, str]) -> bool:
    signed, _, signature = token.rpartition(".")
    modulus = _number(jwk["n"])
    size = (modulus.bit_length() + 7) // 8
    digest = _SHA256_PREFIX + hashlib.sha256(signed.encode()).digest()
    wanted = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    return pow(_number(signature), _number(jwk["e"]), modulus).to_bytes(size, "big") == wanted


def main() -> None:
    asked = json.load(sys.stdin)

    async def found(_: object) -> Any:
        return "test" if isinstance(_, dict) else asked["jwks"]

    gateway._resolve_jwks_url = gateway._fetch_jwks = found
    gateway._verify_rs256_signature = _verify
    api_id = gateway._import_rest_api(asked["swagger"], {"name": "test"})
    resources = {each["path"]: each for each in gateway._resources[api_id].values()}

    async def answer(path: str, token: str | None) -> dict[str, Any]:
        method = resources[path]["resourceMethods"]["GET"]
        headers = {"authorization": token} if token else {}
        stage: dict[str, Any] = {"stageName": "api"}
        where: Any = (api_id, "api", method, "GET", path, resources[path], headers, b"", {}, {}, stage)
        error, authorizer = await gateway._authorize_request_v1(*where, "000000000000", "us-east-1")
        return {"refused": error.response_type} if error else {"authorizer": authorizer}

    json.dump([asyncio.run(answer(call["path"], call["token"])) for call in asked["calls"]], sys.stdout)


main()
