"""The one table of errors.

The class name is the contract: in kebab case it is the problem `code` of the API, and Lambda reports it verbatim as the
error name that Step Functions matches. Four trees decide what happens next:

- `UserError`: the request or the media is wrong. Never retried.
- `ConflictError`: the state of the world forbids it now. Never retried by us.
- `TransientError`: worth another attempt, with jitter.
- `InternalError`: our fault. Never retried.

`message` is for a person. `context` goes to the log and to the problem document, so it never holds a secret or a
presigned URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar


class SluiceError(Exception):
    """Root of the table.

    Attributes:
        status: HTTP status of the problem document.
        retryable: Whether the same work may succeed when it is tried again.
        wire_code: A foreign contract's own name for it, where one exists.
    """

    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    wire_code: ClassVar[str | None] = None

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.context = context

    @classmethod
    def code(cls) -> str:
        """The problem code: the class name in kebab case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower()


class UserError(SluiceError):
    """The request or the media is wrong; the same input fails again."""

    status = 422


class ConflictError(SluiceError):
    """The state of the world forbids it."""

    status = 409


class TransientError(SluiceError):
    """Worth another attempt."""

    status = 503
    retryable = True


class InternalError(SluiceError):
    """Our fault."""

    status = 500


# --- requests -------------------------------------------------------------------------------------------------------


class MalformedRequest(UserError):
    """The body is not what its content type says."""

    status = 400


class InvalidRequest(UserError):
    """A field is missing or out of range; `context["errors"]` lists {pointer, detail}."""


class Unauthorized(UserError):
    """No API key, or one that is not good, or no longer."""

    status = 401


class ScopeMissing(UserError):
    """The caller is known, and may not do this; `context["scope"]` says what it takes."""

    status = 403


class RateLimited(UserError):
    """The caller has made its requests of this minute; `context["retry_after_s"]` says when the next one begins."""

    status = 429


class ApiKeyNotFound(UserError):
    """No API key has this id."""

    status = 404


class RouteNotFound(UserError):
    """No such path."""

    status = 404


class MethodNotAllowed(UserError):
    """The path exists, but not for this method."""

    status = 405


class AssetNotFound(UserError):
    """No asset has this id."""

    status = 404


class UploadNotFound(UserError):
    """No upload has this id."""

    status = 404


class PlaybackTokenInvalid(UserError):
    """A signed asset was asked for without a token that opens it, or with one whose time is over."""

    status = 403


class UploadTokenUnknown(UserError):
    """There is no such upload token, or no longer."""

    status = 403


class UploadTokenExpired(UserError):
    """The time of the upload token is over."""

    status = 410


class UploadTokenSpent(ConflictError):
    """The upload token has opened as many uploads as it may."""

    status = 403


class UploadOutOfReach(UserError):
    """The upload token is not for this upload, or the key is not the upload's."""

    status = 403


class SiteNotFound(UserError):
    """No project archive is stored for this site, or not the one that its id names."""

    status = 404


class RenditionNotFound(UserError):
    """The asset has no static rendition of this id."""

    status = 404


class SiteInUse(ConflictError):
    """A render that has not ended is made from this site, so it is not deleted."""


class SiteTooLarge(UserError):
    """The announced or stored project archive is above `project_max_bytes`."""

    status = 413


class RenderNotFound(UserError):
    """No render has this id."""

    status = 404


class RenderEnded(ConflictError):
    """The render has already succeeded, failed or timed out, so it cannot be cancelled."""


class CostLimitReached(UserError):
    """The work has cost what `max_cost_usd` allows, so it was stopped."""

    status = 402


class MonthlyBudgetSpent(UserError):
    """This month's work has cost the deployment's budget, so nothing new is begun."""

    status = 402


class RenditionUnsuitable(UserError):
    """The asset, or this deployment, has not what the static rendition takes."""


class MasterAccessOff(UserError):
    """This deployment gives nobody the source."""

    status = 403


class WebhookNotFound(UserError):
    """No webhook has this id."""

    status = 404


class DeliveryNotFound(UserError):
    """The webhook has no delivery of this id, or no longer."""

    status = 404


class TooManyWebhooks(ConflictError):
    """A deployment has at most so many webhooks; delete one first."""


class UnsupportedContentType(UserError):
    """The content type is not one that this route takes."""

    status = 415


class PayloadTooLarge(UserError):
    """The body is larger than API Gateway passes on; use POST /v1/uploads."""

    status = 413


class UploadTooLarge(UserError):
    """The announced or stored size is above `upload_max_bytes`."""

    status = 413


class IdempotencyKeyReused(UserError):
    """The Idempotency-Key was used before with another body."""


class IdempotencyKeyInFlight(ConflictError):
    """A request with this Idempotency-Key is still being answered."""


class UploadExpired(UserError):
    """The bytes did not arrive before the upload's time was over."""

    status = 410


class UploadNotOpen(ConflictError):
    """The upload is already completed, cancelled, expired or errored."""


class UploadIncomplete(ConflictError):
    """Complete was called before every byte had arrived."""


class AssetNotReady(ConflictError):
    """Only a published asset has what was asked for."""


class SourceGone(ConflictError):
    """The asset's source was not taken in, or is no longer stored."""


class UrlNotAllowed(UserError):
    """The URL of a source, or where it redirects to, is none that this deployment fetches from."""


class SourceUnreachable(TransientError):
    """The server of a source's URL did not answer, or broke off, at every try."""


class SourceRefused(UserError):
    """The server of a source's URL answered that it does not give the file."""


class AssetEnded(ConflictError):
    """The asset is ready or errored, so there is no work to cancel."""


class AssetNotRetryable(ConflictError):
    """Only an errored asset can be retried."""


class MetadataInvalid(UserError):
    """A metadata file says something that cannot be; `context["field"]` names where."""


class ExtensionNotAllowed(UserError):
    """The deployment takes no files with this extension."""


class SourceArchived(ConflictError):
    """The source is in an archive and has to be restored before it can be read."""


class SourceNotArchived(ConflictError):
    """Only an archived source can be restored."""


class CaptionsInvalid(UserError):
    """A file of subtitles is not what it should be; `context["line"]` says where, if that is known."""


class TrackNotFound(UserError):
    """The asset has no track of text of this id."""

    status = 404


class TrackExists(ConflictError):
    """The asset has another track of this language and name; delete it first."""


class TooManyTracks(ConflictError):
    """An asset has at most so many tracks of text; delete one first."""


class TrackUnsuitable(UserError):
    """Manifests that are not ours, MediaConvert's, take no tracks."""


# --- media ----------------------------------------------------------------------------------------------------------


class EmptySource(UserError):
    """The uploaded object has no bytes."""


class NotAVideo(UserError):
    """Neither a video nor an audio stream of a known container was found."""


class PlaylistNotAllowed(UserError):
    """The file is a playlist, a concat script or another list of references, which is never followed."""


class EncryptedSource(UserError):
    """The media is encrypted (DRM or Common Encryption)."""


class SourceTruncated(UserError):
    """The file ends before its own index says that it does."""


class UnsupportedMedia(UserError):
    """A codec, size or layout that the encoder refuses."""


class CopyUnsuitable(UserError):
    """The source's own bitstream cannot be published as it is, so nothing plays before the ladder does. Log only."""


class CompositionUnplayable(UserError):
    """A composition has no page, no size or no length, or not the shape that was asked for; the message says which."""


class CompositionNotReady(UserError):
    """A composition's page never became ready, or did not finish a frame in its time; the log has what it said."""


class CompositionTooHeavy(UserError):
    """A composition's page wanted more memory than a browser may hold."""


class CompositionNavigated(UserError):
    """A composition's page went elsewhere after it had loaded, or out of its project before."""


class SourceChanged(ConflictError):
    """The source object is no longer the one that was probed."""


# --- compositions ---------------------------------------------------------------------------------------------------


class InvalidConfig(UserError):
    """A field of a composition's Config is unknown, of the wrong kind or out of range; the message names it first."""


class FormatNotSupported(UserError):
    """The output asked for is none that compositions are rendered to."""

    wire_code = "FORMAT_NOT_SUPPORTED_IN_DISTRIBUTED"


class LocationNotAllowed(UserError):
    """An S3 URI is malformed, or outside the bucket and the prefixes of this deployment that it may name."""

    wire_code = "S3_URI_NOT_ALLOWED"


class PlanProtocolUnsupported(UserError):
    """`PlanProtocol` is neither v1 nor v2."""

    wire_code = "PLAN_PROTOCOL_UNSUPPORTED"


class ProjectNotFound(UserError):
    """There is no project archive at `ProjectS3Uri`."""

    status = 404


class InvalidProject(UserError):
    """The archive is no .tar.gz, holds what a project may not hold, is above a limit, or has no page to render."""


class NotMediaPayload(UserError):
    """A file that the composition plays holds no sound, or no pictures, that can be decoded."""

    wire_code = "NOT_MEDIA_PAYLOAD"


class PlanTooLarge(UserError):
    """The composition is longer, or its output larger, than can be rendered."""

    wire_code = "PLAN_TOO_LARGE"


class CompositionTooSlow(UserError):
    """A chunk of the composition takes longer than a worker may run; smaller chunks do not."""


class FfmpegVersionMismatch(ConflictError):
    """The worker's ffmpeg is not the one that the plan was made for: it was deployed anew in between."""

    wire_code = "FFMPEG_VERSION_MISMATCH"


class BrowserVersionMismatch(ConflictError):
    """The worker's browser is not the one that the plan was made for: it was deployed anew in between."""

    wire_code = "BROWSER_VERSION_MISMATCH"


class PlanArtifactMismatch(ConflictError):
    """A stored chunk or sound is missing, or not the one that its receipt or the plan names."""

    wire_code = "PLAN_ARTIFACT_DIGEST_MISMATCH"


# --- work -----------------------------------------------------------------------------------------------------------


class PlanMismatch(ConflictError):
    """A chunk was asked for under a plan that is not the stored one."""

    wire_code = "PLAN_HASH_MISMATCH"


class WorkSuperseded(ConflictError):
    """The asset is no longer being prepared, or not by this execution: it was deleted, cancelled or begun again."""


class ActionUnknown(UserError):
    """The render function was invoked with an `Action` it does not have."""

    status = 400


class DeadlineNear(TransientError):
    """Too little of the function's time is left to finish the work."""


class TaskTooSlow(InternalError):
    """The smallest part of a task, one segment in most of them, takes longer than a worker may run."""


class StorageUnavailable(TransientError):
    """S3 did not answer, or asked us to slow down."""


class TableUnavailable(TransientError):
    """DynamoDB did not answer, or throttled us."""


class QueueUnavailable(TransientError):
    """SQS did not answer."""


class WorkflowUnavailable(TransientError):
    """Step Functions did not answer, or throttled us."""


class TopicUnavailable(TransientError):
    """SNS did not answer, or throttled us."""


class BusUnavailable(TransientError):
    """EventBridge did not answer, or throttled us."""


class EventNotReadable(TransientError):
    """An event was announced that the table does not have yet."""


class ExecutionLost(TransientError):
    """A state machine execution ended without leaving a result."""


class DiskFull(TransientError):
    """The worker's disk has no room left; another worker, or the same one later, may have."""


class EncoderKilled(TransientError):
    """The encoder was ended by a signal, most often for want of memory."""


class BrowserCrashed(TransientError):
    """The browser ended while it was at work."""


class BrowserUnavailable(InternalError):
    """No browser can be started; the message says what is missing."""


class MediaConvertUnavailable(TransientError):
    """MediaConvert did not answer, or throttled us."""


class CdnUnavailable(TransientError):
    """CloudFront did not answer, or throttled us."""


class MediaPackageUnavailable(TransientError):
    """MediaPackage did not answer, or throttled us."""


class MediaConvertFailed(UserError):
    """MediaConvert ended the job with an error; the message is its own."""


class MediaConvertCancelled(ConflictError):
    """The job was cancelled in MediaConvert."""


class JobTemplateMissing(UserError):
    """MediaConvert has no job template of the asked name, nor of those that stand in for it."""


class ObjectMissing(InternalError):
    """An object that must exist does not."""


class EncoderFailed(InternalError):
    """The encoder refused work that the plan promised it could do."""


class EncoderOutputMalformed(InternalError):
    """The encoder wrote a file that is not a whole fragmented MP4, or holds a codec that we cannot describe."""


class ChunkInexact(InternalError):
    """A chunk does not hold exactly the frames that the plan gave it."""


class AssemblyFailed(InternalError):
    """The receipts of the chunks do not add up to the plan."""


class AwsRefused(InternalError):
    """AWS refused a call for a reason that another attempt will not change, such as a missing permission."""


class ConfigurationInvalid(InternalError):
    """A setting of this deployment is missing or malformed."""


class InternalFault(InternalError):
    """Anything that is not in this table; the log has the traceback under the request id."""


def all_errors() -> Iterator[type[SluiceError]]:
    """Yield every concrete class of the table, in no particular order."""
    stack: list[type[SluiceError]] = [SluiceError]
    while stack:
        for child in stack.pop().__subclasses__():
            if child.__subclasses__():
                stack.append(child)
            else:
                yield child
