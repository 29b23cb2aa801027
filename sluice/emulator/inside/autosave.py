"""The emulator's state reaches the disk while it runs, not only when it stops gracefully.

Data services are saved every two seconds, everything on SIGUSR1 (sent after a deploy) and at a graceful stop. Saving
runs on the event loop, between requests, so that no file holds half a change; the pause grows with the time a save
takes, which keeps it under a twentieth of the loop.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from typing import Any

from ministack import app
from ministack.core import persistence

_DATA_SERVICES = frozenset({"dynamodb", "sqs", "sns", "eventbridge", "s3", "stepfunctions"})
_EVERY_S = 2.0
_MOST_OF_THE_LOOP = 0.05


def _save(services: frozenset[str] | None) -> float:
    started = time.perf_counter()
    states = app._build_persistence_save_dict()
    persistence.save_all({name: read for name, read in states.items() if services is None or name in services})
    return time.perf_counter() - started


async def _save_regularly() -> None:
    pause = _EVERY_S
    while True:
        await asyncio.sleep(pause)
        pause = max(_EVERY_S, _save(_DATA_SERVICES) / _MOST_OF_THE_LOOP)


def install() -> None:
    """Start saving when the emulator's application starts."""
    logging.getLogger("persistence").setLevel(logging.WARNING)
    application = app.app
    running: set[asyncio.Task[None]] = set()

    async def saving(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            loop = asyncio.get_running_loop()
            running.add(loop.create_task(_save_regularly()))
            loop.add_signal_handler(signal.SIGUSR1, _save, None)
        await application(scope, receive, send)

    app.app = saving
