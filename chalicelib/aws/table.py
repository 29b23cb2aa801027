"""The one DynamoDB table.

| record      | pk           | sk     | gsi1pk, gsi1sk (index GSI1) |
|-------------|--------------|--------|-----------------------------|
| Asset       | asset#<id>   | asset  | asset#<status>, <id>        |
| Work        | asset#<id>   | work   |                             |
| Render      | render#<id>  | render | render#<status>, <id>       |
| Work        | render#<id>  | work   |                             |
| Spend       | spend#<month>| spend  |                             |
| Job         | asset#<id>   | job#<attempt> |                      |
| Rendition   | asset#<id>   | rendition#<id> | rendition#<status>, <asset id>#<id> |
| Fetch       | asset#<id>   | fetch  |                             |
| Track       | asset#<id>   | track#<id> | track#<status>, <asset id>#<id> |
| Upload      | upload#<id>  | upload | upload#<status>, <id>       |
| Upload token| uptoken#<id> | uptoken|                             |
| Its secret  | uptoken#<id> | secret#<sha256> |                    |
| API key     | apikey#<id>  | apikey | apikey, <id>                |
| Its id      | key#<sha256> | key    |                             |
| Requests    | rate#<caller>#<minute> | rate |                     |
| Secret      | secret#playback | secret |                          |
| Idempotency | idem#<digest>| idem   |                             |
| Event       | event#<id>   | event  | event#pending, <time>#<id>  |
| Webhook     | webhook#<id> | webhook| webhook, <id>               |
| Delivery    | webhook#<id> | delivery#<id> | delivery#due, <time>#<id> |
| Turns       | endpoint#<sha256> | turns |                         |

Ids sort by time of creation, so the index lists each status in that order; events and deliveries are in it only while
something is to be done with them. `expires_at` (seconds) is the table's TTL attribute; records without it stay. Every
update carries the condition that makes a late or duplicated event harmless.
"""

from __future__ import annotations

from chalicelib.aws.api_keys import ApiKeyRecords
from chalicelib.aws.assets import AssetRecords
from chalicelib.aws.fetches import FetchRecords
from chalicelib.aws.jobs import JobRecords
from chalicelib.aws.renders import RenderRecords
from chalicelib.aws.renditions import RenditionRecords
from chalicelib.aws.tokens import TokenRecords
from chalicelib.aws.tracks import TrackRecords
from chalicelib.aws.turns import TurnRecords
from chalicelib.aws.upload_tokens import UploadTokenRecords
from chalicelib.aws.uploads import UploadRecords
from chalicelib.aws.webhooks import WebhookRecords
from chalicelib.aws.work import WorkRecords


class Table(
    AssetRecords,
    FetchRecords,
    JobRecords,
    RenditionRecords,
    TrackRecords,
    UploadRecords,
    UploadTokenRecords,
    RenderRecords,
    WorkRecords,
    WebhookRecords,
    TurnRecords,
    ApiKeyRecords,
    TokenRecords,
):
    """Every record of a deployment."""
