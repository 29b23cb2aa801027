"""The Chalice app: what `chalice package` and `chalice local` read, and the entry of the API function. No logic."""

import os

if "AWS_CHALICE_CLI_MODE" in os.environ:
    # Only on an operator's machine: the handlers below are read with the environment of the stage that is deployed.
    from sluice.account import typed_chalice

    typed_chalice.install()

from chalice.app import Chalice

from chalicelib.handlers import api, consumers, early, ingest, jobs, notices, publish, render, schedule, simple, tracks
from chalicelib.handlers.cors import cors_config
from chalicelib.handlers.problems import rewrite_chalice_errors
from chalicelib.settings import cors_origins

app = Chalice(app_name="sluice")
app.api.cors = cors_config(cors_origins())
app.api.binary_types = sorted({*simple.BINARY_TYPES, *tracks.RAW_TYPES})
app.register_middleware(rewrite_chalice_errors, event_type="http")
app.register_blueprint(api.api)
for functions in (ingest, consumers, publish, jobs, early, render, schedule, notices):
    app.register_blueprint(functions.blueprint)
