"""What a stack is made from, in a private bucket of the account: code, layers and state machines under their digest.

Invariant: a key names its content, so what an older version of the stack names stays as it was, and a second deploy of
the same code uploads nothing. One bucket per account and region; each stack has a prefix of its own.
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sluice.account.session import Account, AwsRefused
from sluice.report import Report
from sluice.template import Document, local_files

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_READ_BYTES = 1 << 20
# The one region whose name a bucket must not be created with.
_UNNAMED_REGION = "us-east-1"


class Artifacts:
    """The files of one stack.

    Args:
        account: Whose bucket.
        stack: Name of the stack; its prefix.
    """

    def __init__(self, account: Account, stack: str) -> None:
        self._account = account
        self._s3: S3Client = account.client("s3")
        self.prefix = f"{stack}/"
        self.bucket = f"sluice-artifacts-{account.account_id}-{account.region}"

    def ensure_bucket(self) -> bool:
        """Make the bucket unless it is there; returns whether it was made.

        Raises:
            AwsRefused: If somebody else has a bucket of this name.
        """
        try:
            self._s3.head_bucket(Bucket=self.bucket, ExpectedBucketOwner=self._account.account_id)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 403:
                raise AwsRefused(
                    f"the bucket {self.bucket} is another account's, or these credentials may not see it"
                ) from error
            if status != 404:
                raise
        else:
            return False
        if self._account.region == _UNNAMED_REGION:
            self._s3.create_bucket(Bucket=self.bucket)
        else:
            where = {"LocationConstraint": self._account.region}
            self._s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=where)  # type: ignore[arg-type]
        self._s3.put_public_access_block(
            Bucket=self.bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
        if not self._account.is_local:
            self._s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(self._tls_only()))
        return True

    def _tls_only(self) -> Document:
        arn = f"arn:{self._account.partition}:s3:::{self.bucket}"
        refused = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return {"Version": "2012-10-17", "Statement": [refused]}

    def _upload(self, path: Path, report: Report) -> str:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        key = f"{self.prefix}{digest[:32]}/{path.name}"
        try:
            self._s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            with report.step(f"upload {path.name}") as step:
                self._s3.upload_file(str(path), self.bucket, key)
                step.note = f"{path.stat().st_size / 1e6:.1f} MB"
        return f"s3://{self.bucket}/{key}"

    def upload_files(self, template: Document, folder: Path, report: Report) -> Document:
        """The template with every local file that it names uploaded, and named there."""
        uploaded = copy.deepcopy(template)
        for resource, name, value in local_files(uploaded):
            resource.properties[name] = self._upload(folder / value, report)
        return uploaded

    def upload_template(self, template: Document) -> str:
        """The URL of a template, as CloudFormation takes it: too large for the body of a call."""
        body = json.dumps(template, sort_keys=True).encode()
        key = f"{self.prefix}{hashlib.sha256(body).hexdigest()[:32]}/template.json"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"{self._s3.meta.endpoint_url}/{self.bucket}/{key}"

    def forget(self) -> int:
        """Delete this stack's files, and the bucket when no other stack's are left; returns how many there were."""
        try:
            count = empty(self._s3, self.bucket, self.prefix)
            if not self._s3.list_objects_v2(Bucket=self.bucket, MaxKeys=1).get("Contents"):
                self._s3.delete_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchBucket", "404"):
                raise
            return 0
        return count


def empty(s3: S3Client, bucket: str, prefix: str = "") -> int:
    """Delete every object, version and unfinished upload under a prefix; returns how many."""
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})  # type: ignore[typeddict-item]
            for refused in answer.get("Errors", []):
                raise AwsRefused(f"{bucket}/{refused.get('Key')} can not be deleted: {refused.get('Message')}")
            count += len(found)
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in uploads.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            count += 1
    return count
