"""AWS Elemental MediaConvert: templates, and jobs.

The regional endpoint serves every account now (DescribeEndpoints is deprecated); an account's own endpoint is used only
where it is configured. Permissions used: mediaconvert:GetJobTemplate, CreateJob, CancelJob, TagResource, and
iam:PassRole for the job's role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients, calling, error_code
from chalicelib.errors import JobTemplateMissing, MediaConvertUnavailable

# A job that has ended, or is not known, cannot be cancelled and need not be.
_NOTHING_TO_CANCEL = frozenset({"NotFoundException", "ConflictException", "BadRequestException"})


class MediaConvert:
    def __init__(self, clients: Clients, endpoint: str) -> None:
        self._clients = clients
        self._endpoint = endpoint

    @property
    def _client(self) -> Any:
        return self._clients.mediaconvert(self._endpoint)

    def find_template(self, names: Sequence[str]) -> dict[str, Any]:
        """The first of these job templates that there is. Anything but its absence is an error at once.

        Raises:
            JobTemplateMissing: If there is none of them.
        """
        for name in names:
            with calling("mediaconvert:GetJobTemplate", MediaConvertUnavailable):
                try:
                    template: dict[str, Any] = self._client.get_job_template(Name=name)["JobTemplate"]
                except ClientError as error:
                    if error_code(error) != "NotFoundException":
                        raise
                    continue
            return {"Name": name, **template}
        raise JobTemplateMissing(f"there is no job template {names[0]}", looked_for=list(names))

    def create_job(self, request: Mapping[str, Any], *, token: str) -> str:
        """Start a job, or find the one that was started with this token. Returns its id."""
        with calling("mediaconvert:CreateJob", MediaConvertUnavailable):
            created = self._client.create_job(**request, ClientRequestToken=token)
        job_id: str = created["Job"]["Id"]
        return job_id

    def cancel_job(self, job_id: str) -> None:
        """End a job; nothing happens if it has ended or is unknown."""
        with calling("mediaconvert:CancelJob", MediaConvertUnavailable):
            try:
                self._client.cancel_job(Id=job_id)
            except ClientError as error:
                if error_code(error) not in _NOTHING_TO_CANCEL:
                    raise
