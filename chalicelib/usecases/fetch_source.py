"""Fetching a source from its URL into the bucket, part by part.

Each part that is stored stays: a worker that dies, runs out of time or is cut off leaves them to the next one, which
asks the server for the rest of the very same file (tools/download.py). If that file is another one by now, or the
server gives no way to tell, it begins anew.

One worker at a time: whoever has the lease of the record (catalog/fetch.py). It is renewed every few seconds, and a
cancelled or deleted asset has no record, so this is how a worker finds out. A worker that was thought dead and is not
may still store a part over another's; parts are joined by the etags that this one saw, so that is noticed.

What is wrong with the URL or the file ends on the asset. What may pass is tried again, with waits between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset, AssetChange, AssetError, AssetStatus
from chalicelib.catalog.fetch import LEASE_MS, Fetch, wait_after
from chalicelib.errors import (
    AssetNotFound,
    EmptySource,
    SluiceError,
    SourceGone,
    SourceUnreachable,
    TransientError,
    UploadIncomplete,
    UploadNotOpen,
    UploadTooLarge,
    UserError,
    WorkSuperseded,
)
from chalicelib.usecases.asset_settings import largest_source
from chalicelib.usecases.gathering import LEAST_PART_BYTES, PART_BYTES, Gathering
from chalicelib.usecases.ingest import ingest_source

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.tools.download import Answer, Download

logger = logging.getLogger(__name__)

BEAT_MS = 2_000
PATIENCE_MS = 30_000
"""How long a message may take."""
_WAITING = frozenset({AssetStatus.WAITING})


class _OutOfTime(Exception):
    """The worker has to end; the next one goes on."""


@dataclass(slots=True)
class _Worker:
    """One try. `lease` stands for it, `at` is what is stored."""

    asset: Asset
    fetch: Fetch
    lease: str
    at: Gathering
    download: Download
    objects: Objects
    table: Table
    limit_bytes: int | None
    clock: Callable[[], int]
    deadline_ms: int
    _found_bytes: int = 0
    _next_beat_ms: int = 0

    @property
    def has_gained(self) -> bool:
        """Whether this try has brought something that the next one can go on with."""
        return self.fetch.validator is not None and self.at.stored_bytes > self._found_bytes

    def run(self) -> None:
        """Fetch until all is stored as one object.

        Raises:
            _OutOfTime, TransientError: If the next try may go on.
            UserError, SourceGone: If none will.
            WorkSuperseded: If the asset no longer waits for this worker.
        """
        at = self.at
        at.find_stored()
        if self.fetch.validator is None:
            at.drop()
        self._found_bytes = at.stored_bytes
        try:
            if at.stored_bytes == 0 or at.stored_bytes != self.fetch.size_bytes:
                self._receive()
            at.join()
        except (UploadNotOpen, UploadIncomplete) as error:
            self._note(None, None, None)  # if it was given up, that is the reason
            at.drop()
            raise SourceUnreachable("the parts that were stored are others or gone, so it begins anew") from error
        except (UserError, SourceGone, WorkSuperseded):
            at.drop()
            raise

    def _receive(self) -> None:
        at = self.at
        with self.download.open(self.fetch.url, start=at.stored_bytes, validator=self.fetch.validator) as answer:
            self._refuse_too_large(answer.size_bytes)
            if answer.start != at.stored_bytes:
                at.drop()
                self._found_bytes = 0
            at.open()
            self._note(at.multipart_id, answer.validator, answer.size_bytes)
            try:
                self._take(answer)
            except (_OutOfTime, SourceUnreachable):
                if len(at.held) >= LEAST_PART_BYTES and answer.validator is not None:
                    at.store_held()
                raise

    def _take(self, answer: Answer) -> None:
        at = self.at
        for block in answer.blocks:
            at.held += block
            self._refuse_too_large(at.come_bytes)
            if len(at.held) >= PART_BYTES:
                at.store_held()
            self._beat()
        if answer.size_bytes is not None and at.come_bytes != answer.size_bytes:
            raise SourceUnreachable("the server sent fewer bytes than it announced")
        if at.come_bytes == 0:
            raise EmptySource("the file is empty")
        if at.held:
            at.store_held()

    def _refuse_too_large(self, size_bytes: int | None) -> None:
        if size_bytes is not None and self.limit_bytes is not None and size_bytes > self.limit_bytes:
            raise UploadTooLarge(f"a source may have at most {self.limit_bytes} bytes")

    def _beat(self) -> None:
        """Now and then: whether this worker is still wanted, and how far it is."""
        now_ms = self.clock()
        if now_ms >= self.deadline_ms:
            raise _OutOfTime
        if now_ms < self._next_beat_ms:
            return
        self._next_beat_ms = now_ms + BEAT_MS
        if not self.table.keep_lease(self.asset.id, self.lease, until_ms=now_ms + LEASE_MS):
            raise _superseded(self.asset)
        if self.fetch.size_bytes:
            done = min(99, 100 * self.at.come_bytes // self.fetch.size_bytes)
            self.table.note_ingested(self.asset.id, done, now_ms=now_ms)

    def _note(self, multipart_id: str | None, validator: str | None, size_bytes: int | None) -> None:
        if not self.table.note_fetch(self.asset.id, self.lease, multipart_id, validator, size_bytes):
            raise _superseded(self.asset)
        self.fetch = replace(self.fetch, multipart_id=multipart_id, validator=validator, size_bytes=size_bytes)


def _superseded(asset: Asset) -> WorkSuperseded:
    return WorkSuperseded("the source is no longer wanted, or not from this worker", asset_id=asset.id)


def fetch_source(
    asset_id: str,
    download: Download,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    lease: str,
    deadline_ms: int,
    clock: Callable[[], int],
) -> None:
    """Fetch the source of an asset that waits for it, as far as the time goes, and take it in.

    Args:
        lease: A new word for this try.
        deadline_ms: When to end, by `clock`.
    """
    now_ms = clock()
    fetch = table.lease_fetch(asset_id, lease, now_ms=now_ms, until_ms=now_ms + LEASE_MS)
    if fetch is None:
        logger.info("nothing to fetch, or another worker is at it")
        return
    try:
        asset = table.get_asset(asset_id)
    except AssetNotFound:
        table.delete_fetch(asset_id)
        return
    if asset.status is not AssetStatus.WAITING:
        drop_fetch(asset, objects, table)
        return
    if not objects.exists(asset.source_bucket, asset.source_key):
        limit = largest_source(asset.options, settings)
        at = Gathering(objects, asset.source_bucket, asset.source_key, fetch.multipart_id)
        worker = _Worker(asset, fetch, lease, at, download, objects, table, limit, clock, deadline_ms)
        if not _fetched(worker, queues):
            return
    _take_in(asset, objects, table, queues, tools, settings, now_ms=clock())


def _fetched(worker: _Worker, queues: Queues) -> bool:
    """Whether all of it is stored. What is to be done otherwise, is."""
    try:
        worker.run()
    except WorkSuperseded as error:
        logger.info("given up", extra={"detail": error.message})
    except (UserError, SourceGone) as error:
        _fail(worker, error)
    except _OutOfTime:
        _put_off(worker, "the server is too slow", queues)
    except TransientError as error:
        _put_off(worker, error.message, queues)
    else:
        logger.info("fetched", extra={"size_bytes": worker.at.stored_bytes})
        return True
    return False


def _put_off(worker: _Worker, said: str, queues: Queues) -> None:
    """Have it tried again, after a wait if this try has gained nothing; at last give it up."""
    failures = 0 if worker.has_gained else worker.fetch.failures + 1
    wait_s = wait_after(failures) if failures else 0
    if wait_s is None:
        _fail(worker, SourceUnreachable(said))
        return
    extra = {"detail": said, "failures": failures, "stored_bytes": worker.at.stored_bytes, "wait_s": wait_s}
    logger.warning("not fetched yet", extra=extra)
    until_ms = worker.clock() + 1000 * wait_s
    if worker.table.put_off_fetch(worker.asset.id, worker.lease, failures=failures, until_ms=until_ms):
        queues.send_fetch(worker.asset.id, delay_s=wait_s)


def _fail(worker: _Worker, error: SluiceError) -> None:
    """The record stays for a retry, but nobody has its lease."""
    asset, now_ms = worker.asset, worker.clock()
    if not worker.table.put_off_fetch(asset.id, worker.lease, failures=0, until_ms=now_ms):
        return
    errored = AssetChange(status=AssetStatus.ERRORED, errors=(AssetError(error.code(), error.message),))
    same = AssetChange(attempt=asset.attempt)
    worker.table.update_asset(asset.id, errored, expect=_WAITING, now_ms=now_ms, unchanged=same)
    logger.warning("source not fetched", extra={"code": error.code(), "detail": error.message})


def _take_in(
    asset: Asset, objects: Objects, table: Table, queues: Queues, tools: Tools, settings: Settings, *, now_ms: int
) -> None:
    bucket, key = asset.source_bucket, asset.source_key
    taken = ingest_source(objects, table, queues, tools, settings, bucket=bucket, key=key, now_ms=now_ms)
    if taken.status is AssetStatus.DELETED:
        objects.delete(bucket, key)
    if taken.status is not AssetStatus.ERRORED:
        # What was no video may be one at the next try.
        table.delete_fetch(asset.id)


def drop_fetch(asset: Asset, objects: Objects, table: Table) -> None:
    """Forget the URL and what has come of the file; the worker that is at it ends within seconds."""
    fetch = table.find_fetch(asset.id)
    table.delete_fetch(asset.id)
    if fetch is not None and fetch.multipart_id is not None:
        objects.abort_multipart(asset.source_bucket, asset.source_key, fetch.multipart_id)


def fetch_again(asset: Asset, objects: Objects, table: Table, queues: Queues, *, now_ms: int) -> bool:
    """Whether the source of an asset that waits is fetched anew, which it is unless it was a video before."""
    fetch = table.find_fetch(asset.id)
    if fetch is None or asset.source_info is not None:
        return False
    objects.delete(asset.source_bucket, asset.source_key)
    table.put_fetch(replace(fetch, attempt=asset.attempt, lease=None, lease_until_ms=now_ms, failures=0))
    queues.send_fetch(asset.id)
    return True


def resume_fetch(asset: Asset, table: Table, queues: Queues, *, now_ms: int) -> bool:
    """Whether the source is still to be fetched. If nobody is at it, somebody is told to."""
    fetch = table.find_fetch(asset.id)
    if fetch is not None and fetch.lease_until_ms + PATIENCE_MS < now_ms:
        logger.warning("fetch was lost", extra={"asset_id": asset.id})
        queues.send_fetch(asset.id)
    return fetch is not None
