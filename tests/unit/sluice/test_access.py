"""Access as a package settles it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import click
import pytest

from sluice.access import ORIGINS_OUTPUT, settle_access
from sluice.failure import PackagingFailed
from sluice.origin import media_cors
from sluice.verbs_keys import duration

ONE, TWO = "https://a.test", "https://a.test,https://b.test"
ANSWER = {
    "StatusCode": 404,
    "ResponseParameters": {"Headers": {"Access-Control-Allow-Origin": "'*'"}},
    "ResponseTemplates": {"application/json": "{}"},
}
BEHAVIOUR = {"ResponseHeadersPolicyId": "managed"}
TEMPLATE = {
    "Resources": {
        "APIHandler": {"Type": "AWS::Serverless::Function", "Properties": {}},
        "RestAPI": {
            "Type": "AWS::Serverless::Api",
            "Properties": {"GatewayResponses": {"MISSING_AUTHENTICATION_TOKEN": ANSWER}},
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"CorsConfiguration": {"CorsRules": [{"AllowedOrigins": ["*"]}]}},
        },
        "Private": {"Type": "AWS::S3::Bucket"},
        "Cdn": {
            "Type": "AWS::CloudFront::Distribution",
            "Condition": "OnAws",
            "Properties": {"DistributionConfig": {"DefaultCacheBehavior": BEHAVIOUR}},
        },
    }
}


def _settled(**chosen: str) -> Any:
    return settle_access(deepcopy(TEMPLATE), {f"SLUICE_{name}": value for name, value in chosen.items()})


def _variables(template: Any) -> Any:
    return template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]


def test_nothing_chosen_changes_nothing() -> None:
    """Every origin and keys of our own are what the template says by itself."""
    settled = _settled()
    assert _variables(settled) == {}
    assert {**settled["Resources"], "APIHandler": 0} == {**TEMPLATE["Resources"], "APIHandler": 0}
    assert "Outputs" not in settled


@pytest.mark.parametrize("origins", [ONE, TWO])
def test_origins_hold_for_bucket_media_and_gateway_alike(origins: str) -> None:
    """What the API's preflight says is said everywhere; API Gateway's own answers can name one origin only."""
    settled = _settled(CORS_ORIGINS=origins)
    named, found = origins.split(","), settled["Resources"]
    assert _variables(settled) == {"SLUICE_CORS_ORIGINS": origins}
    assert found["Bucket"]["Properties"]["CorsConfiguration"]["CorsRules"] == [{"AllowedOrigins": named}]
    behaviour = found["Cdn"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    policy = found[behaviour["ResponseHeadersPolicyId"]["Ref"]]
    assert policy["Condition"] == "OnAws"
    cors = policy["Properties"]["ResponseHeadersPolicyConfig"]["CorsConfig"]
    assert cors["AccessControlAllowOrigins"] == {"Items": named}
    (answer,) = found["RestAPI"]["Properties"]["GatewayResponses"].values()
    wanted = f"'{ONE}'" if origins == ONE else "'*'"
    assert answer["ResponseParameters"]["Headers"]["Access-Control-Allow-Origin"] == wanted
    assert settled["Outputs"][ORIGINS_OUTPUT] == {"Value": origins}


def test_the_stage_has_the_last_word() -> None:
    """What its configuration says is not changed by a shell's environment."""
    template: Any = deepcopy(TEMPLATE)
    template["Resources"]["APIHandler"]["Properties"] = {"Environment": {"Variables": {"SLUICE_CORS_ORIGINS": ONE}}}
    settled: Any = settle_access(template, {"SLUICE_CORS_ORIGINS": "*", "SLUICE_AUTH": "iam"})
    assert _variables(settled) == {"SLUICE_CORS_ORIGINS": ONE, "SLUICE_AUTH": "iam"}
    assert settled["Outputs"][ORIGINS_OUTPUT] == {"Value": ONE}


def test_an_unsigned_call_is_told_to_sign() -> None:
    """With IAM, API Gateway's word for an unknown path is its word for a missing signature: 401, with a challenge."""
    answer = _settled(AUTH="iam")["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
    (told,) = answer.values()
    assert (told["StatusCode"], "unauthorized" in told["ResponseTemplates"]["application/json"]) == (401, True)
    assert told["ResponseParameters"]["Headers"]["WWW-Authenticate"] == "'AWS4-HMAC-SHA256'"


def test_a_malformed_choice_is_refused() -> None:
    """No package is made of an access that is none."""
    for chosen in ({"AUTH": "open"}, {"AUTH": "cognito"}):
        with pytest.raises(PackagingFailed, match="SLUICE_"):
            _settled(**chosen)


@pytest.mark.parametrize(
    ("allowed", "origin", "named"),
    [("*", None, "*"), ("*", "https://x.test", "*"), (TWO, "https://b.test", "https://b.test"), (TWO, None, None)]
    + [(TWO, evil, None) for evil in ("https://evil.test", "https://a.test,https://b.test", "https://a", "null", "")],
)
def test_media_name_an_allowed_origin(allowed: str, origin: str | None, named: str | None) -> None:
    """The caller's own, if it is one of them; caches keep the answers apart."""
    headers = media_cors(allowed, origin)
    assert headers.get("Access-Control-Allow-Origin") == named
    assert headers.get("Vary") == (None if allowed == "*" else "Origin")


def test_durations_are_seconds() -> None:
    """With a unit or without; anything else is refused."""
    assert [duration(text) for text in ("45", "45s", "30m", "12h", "90d")] == [45, 45, 1800, 43_200, 7_776_000]
    for text in ("", "d", "1w", "-5", "1.5h", "٣d"):
        with pytest.raises(click.BadParameter):
            duration(text)
