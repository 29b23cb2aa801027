"""Who waits for a MediaConvert job, by the task token of a state machine, and how it ended. Either may come first."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.aws.records import decode_record
from chalicelib.aws.store import Store, Update
from chalicelib.catalog.vod.outcome import JobEvent

_KEPT_S = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class JobWait:
    """Of one attempt at an asset. `token` is what the state machine waits for, `outcome` the job's last event."""

    token: str | None = None
    outcome: JobEvent | None = None


class JobRecords(Store):
    def await_job(self, asset_id: str, attempt: int, token: str, *, now_ms: int) -> JobWait:
        """Note who waits. A task that is tried again has another token, and the last one counts."""
        update = Update()
        update.set("token", token)
        update.set("expires_at", now_ms // 1000 + _KEPT_S)
        item = self._update(_pk(asset_id), _sk(attempt), update)
        return decode_record(item, JobWait) if item else JobWait(token)

    def settle_job(self, asset_id: str, attempt: int, outcome: JobEvent, *, now_ms: int) -> bool:
        """Note how the job ended. Returns False, and changes nothing, if that is known already."""
        update = Update()
        update.set("outcome", outcome)
        update.set("expires_at", now_ms // 1000 + _KEPT_S)
        update.require_absent("outcome")
        return self._update(_pk(asset_id), _sk(attempt), update) is not None

    def get_job(self, asset_id: str, attempt: int) -> JobWait:
        item = self._get(_pk(asset_id), _sk(attempt))
        return decode_record(item, JobWait) if item else JobWait()


def _pk(asset_id: str) -> str:
    return f"asset#{asset_id}"


def _sk(attempt: int) -> str:
    return f"job#{attempt}"
