from __future__ import annotations

from pathlib import Path

import pytest

from sluice.clients import LocalClients
from sluice.paths import Local, LocalHome, Project


def test_the_developers_account_is_out_of_reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever AWS_* variables, profiles and proxies say, the operator's clients speak to the local AWS as its root."""
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-west-3\nendpoint_url = https://real.example\n")
    for name, value in {
        "AWS_PROFILE": "work",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL": "https://real.example",
        "AWS_ENDPOINT_URL_S3": "https://real.example",
        "HTTP_PROXY": "http://proxy.example",
    }.items():
        monkeypatch.setenv(name, value)
    clients = LocalClients(Local(Project.here(), LocalHome(tmp_path), gateway_port=14999))

    for client in (clients.s3, clients.dynamodb, clients.functions):
        assert client.meta.endpoint_url == "http://127.0.0.1:14999"
        assert client.meta.region_name == "us-east-1"
    url = clients.s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    assert url.startswith("http://127.0.0.1:14999/b/k?")
    assert "Credential=test%2F" in url
    assert "Token" not in url
