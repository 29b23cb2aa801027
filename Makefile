# Sluice. A bare `make` prints this list.
PYTHON ?= python3
BIN := .venv/bin
STAGE ?= dev
VIDEO ?=
ONCE ?=
ASSETS ?= 200

.DEFAULT_GOAL := help
.PHONY: help setup run up down test unit contract e2e lint fmt fuzz layers package deploy bench smoke load faults permissions golden scan wheel docs clean

help: ## print this list
	@grep -hE '^[a-z0-9]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## make .venv and install everything (the other targets do it when needed)
	@$(PYTHON) -m sluice.setup_venv

run: setup ## publish VIDEO=path (or a sample) on the local AWS, print the player's address, keep serving; ONCE=1 ends after ready
	@$(BIN)/sluice run $(if $(VIDEO),"$(VIDEO)") $(if $(ONCE),--once)

up: setup ## start the local AWS in the background
	@$(BIN)/sluice up --detach

down: setup ## stop the local AWS
	@$(BIN)/sluice down

test: setup ## unit, contract and end-to-end tests
	@$(BIN)/pytest

unit: setup ## unit tests only: seconds, no I/O
	@$(BIN)/pytest tests/unit

contract: setup ## adapters, templates, state machines, exactness
	@$(BIN)/pytest tests/contract

e2e: setup ## upload to play on the deployed local AWS
	@$(BIN)/pytest tests/e2e

lint: setup ## ruff, mypy --strict, the import law, cfn-lint and statelint on what is deployed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m sluice.lint

scan: setup ## checkov on the packaged template; every finding is mended, or answered in .chalice/scan.yaml
	@$(BIN)/python -m sluice.scan

docs: setup ## build the documents as a site in out/docs; fails on a broken link, and on anything loaded from others
	@$(BIN)/python -m sluice.docs

wheel: setup ## build the wheel of sluice to out/
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir out .
	@rm -rf build/lib build/bdist.*

fmt: setup ## format the tree
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

fuzz: setup ## schemathesis on the running local AWS (sluice up --detach), EXAMPLES=200 requests an operation
	@cd tests/fuzz && SLUICE_API_KEY=$$(cat ../../.local/dev-key) ../../$(BIN)/st --config-file schemathesis.toml run \
	    http://127.0.0.1:8000/v1/openapi.json --phases coverage,fuzzing,stateful --max-examples $(or $(EXAMPLES),200)

layers: setup ## build the layer zips: ffmpeg, img2webp and MediaInfo, the browser
	@$(BIN)/python -m sluice.build_layers

package: layers ## write the CloudFormation template and zip of STAGE to out/
	@$(BIN)/sluice package --stage $(STAGE) --out out

deploy: setup ## deploy STAGE into the AWS account of your credentials, after showing what would change
	@$(BIN)/sluice deploy --stage "$(STAGE)"

bench: setup ## side-by-side measurements, printed as ratios
	@$(BIN)/python -m benchmarks

smoke: setup ## render a composition in 1, 2, 4, 8 chunks and compare; on the local AWS, or on the account of STAGE=
	@$(BIN)/python -m smoke $(if $(filter-out file,$(origin STAGE)),--stage "$(STAGE)")

load: setup ## 200 uploads and publishes at once, events repeated and out of order; ASSETS= for another number
	@$(BIN)/python -m load publishes --assets $(ASSETS) --function-limit 8

faults: setup ## kill and hinder what works on videos and renders, and see that all of it recovers
	@$(BIN)/python -m load faults

permissions: setup ## run the end-to-end tests, say what each policy was needed for, and keep that as evidence
	@rm -f build/permissions.jsonl
	@SLUICE_EMULATOR_PERMISSIONS="$(CURDIR)/build/permissions.jsonl" $(BIN)/pytest tests/e2e
	@$(BIN)/python -m load policies build/permissions.jsonl --evidence tests/fixtures/policy_calls.jsonl

golden: setup ## rewrite the golden files of the tests
	@$(BIN)/pytest tests/unit --update-golden

clean: setup ## stop the local AWS and delete its state and every build product
	@$(BIN)/sluice down
	@rm -rf .local build out .chalice/deployments
