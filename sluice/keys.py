"""The development API key of a local AWS: made once per home, kept in a file that only its owner can read.

The table stores its SHA-256, as it does for every key.
"""

from __future__ import annotations

import os
import secrets
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from chalicelib.aws.clients import Clients
from chalicelib.aws.table import Table
from chalicelib.catalog.api_key import Scope, good_until_ms, key_digest
from chalicelib.usecases.api_keys import key_record
from chalicelib.usecases.playback import playback_secret as secret_of
from sluice.clients import LocalClients
from sluice.paths import LocalHome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PREFIX = "sk_local_"
_NAME = "development key of this machine"


def development_key(home: LocalHome) -> str:
    """The key of this home; made on the first call."""
    if home.key_file.is_file() and (key := home.key_file.read_text().strip()):
        return key
    home.root.mkdir(parents=True, exist_ok=True)
    key = _PREFIX + secrets.token_urlsafe(24)
    descriptor = os.open(home.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return key


def register(dynamodb: DynamoDBClient, table: str, key: str, *, name: str = _NAME) -> None:
    """Make the key known to the deployed API, unless it is, with every scope."""
    # Table needs nothing of its clients but `dynamodb`.
    records = Table(cast(Clients, SimpleNamespace(dynamodb=dynamodb)), table)
    now_ms, found = int(time.time() * 1000), records.find_api_key(key_digest(key))
    until_ms = good_until_ms(found, key_digest(key)) if found else 0
    if until_ms is not None and until_ms <= now_ms:
        records.create_api_key(key_record(key, name, [Scope.ADMIN], now_ms=now_ms))


def playback_secret(clients: LocalClients, table: str) -> str:
    """What the deployed API signs playback tokens with."""
    return secret_of(Table(cast(Clients, clients), table))
