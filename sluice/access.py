"""What a package settles about access: authorizers and browser origins are written into it, and no parameter has them.

They stand in the environment of a stage (`.chalice/config.json`), where `chalice package` reads them for the API and
its preflights. Here the rest of the template follows: buckets, the CDN, and what API Gateway answers by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import ConfigurationInvalid
from chalicelib.settings import AuthMode, access, cors_origins
from sluice.failure import PackagingFailed
from sluice.template import Document, resources

ACCESS_SETTINGS = ("SLUICE_AUTH", "SLUICE_COGNITO_USER_POOL_ARN", "SLUICE_COGNITO_TOKENS", "SLUICE_CORS_ORIGINS")
ORIGINS_OUTPUT = "CorsOrigins"

_EVERYWHERE = ("*",)
_POLICY = "MediaOrigins"
# Where calls are signed, API Gateway says the same of an unsigned call as of a path that is not there.
_UNSIGNED = (
    '{"type":"urn:sluice:error:unauthorized","title":"Unauthorized","status":401,'
    '"detail":"sign the request (SigV4, service execute-api); or there is no such path",'
    '"code":"unauthorized","request_id":"$context.requestId","errors":[]}'
)


def settle_access(template: Document, chosen: Mapping[str, str]) -> Document:
    """The template with the API's access in all of it.

    Args:
        chosen: Settings that the stage does not have in its own environment.

    Raises:
        PackagingFailed: If a setting is malformed.
    """
    api = template["Resources"].get("APIHandler")
    if api is None:
        return template
    environment = api["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
    environment |= {name: value for name, value in chosen.items() if name not in environment}
    try:
        mode = access(environment).mode
    except ConfigurationInvalid as error:
        raise PackagingFailed(error.message) from error
    if mode is AuthMode.IAM:
        for gateway in resources(template, "AWS::Serverless::Api"):
            _tell_unsigned(gateway.properties)
    origins = cors_origins(environment)
    if origins != _EVERYWHERE:
        _restrict(template, origins)
    return template


def _tell_unsigned(gateway: Document) -> None:
    answer = gateway.get("GatewayResponses", {}).get("MISSING_AUTHENTICATION_TOKEN")
    if answer is not None:
        answer["StatusCode"] = 401
        answer["ResponseParameters"]["Headers"]["WWW-Authenticate"] = "'AWS4-HMAC-SHA256'"
        answer["ResponseTemplates"]["application/json"] = _UNSIGNED


def _restrict(template: Document, origins: tuple[str, ...]) -> None:
    template.setdefault("Outputs", {})[ORIGINS_OUTPUT] = {"Value": ",".join(origins)}
    for bucket in resources(template, "AWS::S3::Bucket"):
        for rule in bucket.properties.get("CorsConfiguration", {}).get("CorsRules", []):
            rule["AllowedOrigins"] = list(origins)
    for distribution in list(resources(template, "AWS::CloudFront::Distribution")):
        policy = {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": _headers_policy(origins)}
        condition = {"Condition": distribution.condition} if distribution.condition else {}
        template["Resources"][_POLICY] = {**policy, **condition}
        behaviour = distribution.properties["DistributionConfig"]["DefaultCacheBehavior"]
        behaviour["ResponseHeadersPolicyId"] = {"Ref": _POLICY}
    if len(origins) == 1:
        for gateway in resources(template, "AWS::Serverless::Api"):
            for answer in gateway.properties.get("GatewayResponses", {}).values():
                answer["ResponseParameters"]["Headers"]["Access-Control-Allow-Origin"] = f"'{origins[0]}'"


def _headers_policy(origins: tuple[str, ...]) -> Document:
    """As AWS's own CORS-with-preflight, for these origins."""
    return {
        "ResponseHeadersPolicyConfig": {
            "Name": {"Fn::Sub": "${AWS::StackName}-origins"},
            "CorsConfig": {
                "AccessControlAllowCredentials": False,
                "AccessControlAllowHeaders": {"Items": ["*"]},
                "AccessControlAllowMethods": {"Items": ["GET", "HEAD", "OPTIONS"]},
                "AccessControlAllowOrigins": {"Items": list(origins)},
                "AccessControlExposeHeaders": {"Items": ["Content-Length", "Content-Range", "ETag", "Accept-Ranges"]},
                "AccessControlMaxAgeSec": 86400,
                "OriginOverride": True,
            },
        }
    }
