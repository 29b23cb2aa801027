"""The route of estimates: what publishing would cost, by each encoder."""

from __future__ import annotations

from chalicelib.catalog.options import Encoder
from chalicelib.catalog.prices import DEFAULT_REGION, EXCLUDED, PRICED_ON, prices_of
from chalicelib.handlers.http import Call, route
from chalicelib.handlers.requests import EstimateBody, exact_seconds, parse_body
from chalicelib.handlers.views import View, usd
from chalicelib.usecases.estimate import estimate


@route("POST", "/v1/estimates")
def create_estimate(call: Call) -> View:
    body = parse_body(call.request, EstimateBody)
    made = estimate(exact_seconds(body.duration), body.height, exact_seconds(body.fps), call.services.settings)
    asked: tuple[Encoder, ...] = (Encoder.LAMBDA, Encoder.MEDIACONVERT)
    if body.encoder is not None:
        asked = (made.cheaper,) if body.encoder is Encoder.AUTO else (body.encoder,)
    return {
        "estimates": [{"encoder": encoder, "usd": usd(made.usd(encoder))} for encoder in asked],
        "cheaper": made.cheaper,
        "ladder": made.ladder,
        "currency": "USD",
        "region": prices_of(call.services.settings.region).region,
        # MediaConvert's, of any deployment: none of another region is known.
        "price_region": {
            Encoder.LAMBDA: prices_of(call.services.settings.region).region,
            Encoder.MEDIACONVERT: DEFAULT_REGION,
        },
        "priced_on": PRICED_ON,
        "excludes": list(EXCLUDED),
    }
