"""An account whose clients answer from a script, checked against AWS's own description of each call."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sluice.account.session import Account

ACCOUNT_ID = "123456789012"


class Script:
    """Clients of an account in eu-west-1, each call of which must be expected."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, region: str = "eu-west-1") -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        session = boto3.Session("key", "secret", region_name=region)
        self.account = Account(session, ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:user/somebody")
        self._stubs: dict[str, tuple[Any, Stubber]] = {}
        monkeypatch.setattr(Account, "client", lambda _self, service: self.client(service))
        monkeypatch.setattr(Account, "poll_s", 0.0)

    def client(self, service: str) -> Any:
        return self._stub(service)[0]

    def _stub(self, service: str) -> tuple[Any, Stubber]:
        if service not in self._stubs:
            client = self.account.session.client(service)  # type: ignore[call-overload]
            stub = Stubber(client)
            stub.activate()
            self._stubs[service] = client, stub
        return self._stubs[service]

    def expect(self, service: str, method: str, asked: Any, answer: dict[str, Any] | None = None) -> None:
        """The next call of this service; `asked` None takes any parameters."""
        self._stub(service)[1].add_response(method, answer or {}, asked)

    def refuse(self, service: str, method: str, code: str, message: str = "", status: int = 400) -> None:
        self._stub(service)[1].add_client_error(method, code, message, status)

    def finished(self) -> None:
        """Every expected call was made."""
        for _, stub in self._stubs.values():
            stub.assert_no_pending_responses()
