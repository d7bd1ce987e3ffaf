# Every target explains itself: make help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

VENV := .venv
BIN := $(VENV)/bin
UV := .tools/bin/uv
MODEL ?= local
JOBS ?= 2000
SEED ?= 1
REPLICAS ?= 3
KILLS ?= 100
SOAK_SECONDS ?= 1200
CALLER ?= python
PYTEST := $(BIN)/python -m pytest
# Tests with real parts mostly wait: several processes, each with a broker and a database server of its own.
SEVERAL := -n 4 --dist loadscope --no-loadscope-reorder
CHAOS := $(BIN)/python -m tests.chaos.run
# What goes through the memory; the others need not run on each database. Replicas always run on PostgreSQL.
MEMORY_TESTS := $(addprefix tests/integration/,store service amqp)

.PHONY: faults limits-run help setup broker servers local-model demo monolith test lint types unit integration test-matrix java java-report format proto trace cassettes bench-smoke image-check clean

help: ## List every target with a sentence
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.synced ## Create .venv with everything in it, so that .venv/bin/adapter works

$(VENV)/.synced: pyproject.toml uv.lock clients/python/pyproject.toml deploy/setup/setup.sh
	@deploy/setup/setup.sh python
	touch $@

broker: ## Install RabbitMQ, which the demo and the tests start, from Debian packages
	@deploy/setup/setup.sh rabbitmq

servers: broker ## Install the servers that the tests start (RabbitMQ, PostgreSQL), from Debian packages
	@deploy/setup/setup.sh postgres

local-model: setup ## Install the small real model of the demo (about 100 MB)
	@deploy/setup/setup.sh local-model

demo: setup broker ## Run the main job with real parts: records of three tasks by gRPC and by queue (MODEL=simulated needs no weights)
	@if [ "$(MODEL)" = local ]; then deploy/setup/setup.sh local-model; fi
	$(BIN)/python examples/demo/demo.py --model $(MODEL)

monolith: setup servers ## Start the example monolith with broker and adapter (BOOT=2 or 3: the line of Spring Boot)
	@deploy/setup/setup.sh java
	$(BIN)/python clients/java/examples/monolith/start.py --boot $(or $(BOOT),2)

test: setup servers local-model lint types unit integration java bench-smoke ## Set up everything and run all checks: lint, types, unit, integration, Java

lint: setup ## Check style, imports between layers, the proto contract (lint and breaking changes), Dockerfile and compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/buf lint proto
	$(BIN)/buf breaking proto --against proto/released.binpb
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml

types: setup ## Check types with mypy --strict
	$(BIN)/mypy

unit: setup ## Run the unit tests: no network, no servers
	$(PYTEST) tests/unit -q --disable-socket --allow-unix-socket

integration: setup servers ## Run the tests with real parts (broker, gRPC, simulated model): on SQLite, then what depends on the memory on PostgreSQL
	@deploy/setup/setup.sh java
	$(PYTEST) tests/integration tests/faults -q $(SEVERAL)
	$(PYTEST) $(MEMORY_TESTS) -q $(SEVERAL) --database postgresql

faults: setup servers ## Break everything that may break, in the long forms (the short ones are part of make test): docs/guarantees.md
	$(PYTEST) tests/faults -q --long

test-matrix: setup servers ## Run the tests with real parts on SQLite, on PostgreSQL, and on PostgreSQL with three replicas (half an hour)
	@deploy/setup/setup.sh java
	$(BIN)/python tests/matrix/matrix_run.py $(SEVERAL)

trace: setup servers ## Print one trace of a real run as a tree: a caller, RabbitMQ, the adapter, a model, and back (CALLER=java: from Java)
	$(BIN)/python -m tests.traces.trace_run --caller $(CALLER)

cassettes: setup ## Record the calls of the example tasks again, into examples/cassettes, after a prompt or contract was changed
	$(BIN)/python -m tests.integration.cassettes.record

java: setup ## Build the Java clients, and test them with a running adapter
	@deploy/setup/setup.sh java
	clients/java/verify.sh

java-report: setup ## Build the Java clients and show class versions and dependencies of what is published
	@deploy/setup/setup.sh java
	clients/java/report.sh

bench-smoke: setup ## Run the benchmark for a few seconds, to see that it works
	$(BIN)/python tests/bench/pipeline_bench.py --jobs 200 --concurrency 50

image-check: setup servers ## Build the image, run it locked down, send it a job and stop it; also where there is no Docker engine and no registry
	@deploy/setup/setup.sh containers
	$(BIN)/python -m deploy.image.check

limits-run: setup servers ## Let 100 callers press on the limits of a model on three replicas that come and go, for 8 minutes
	PYTHONPATH=. $(BIN)/python tests/limits/limits_run.py

.PHONY: chaos kills soak
chaos: setup servers ## Disturb everything by a seeded schedule under load, and judge what came of it (JOBS=20000 SEED=1 REPLICAS=3)
	$(CHAOS) --jobs $(JOBS) --seed $(SEED) --replicas $(REPLICAS) $(if $(KINDS),--kinds $(KINDS))

kills: setup servers ## Kill replicas under load with SIGKILL, at random, and judge what came of it (KILLS=100 SEED=1)
	$(CHAOS) --jobs 1 --kinds kill --kills $(KILLS) --pause 1,3 --in-flight 60 --latency 'lognormal(3,0.3)' --seed $(SEED) --replicas $(REPLICAS)

soak: setup servers ## Twenty minutes of load with a disturbance every 15 s: nothing grows, and nothing is left over (SOAK_SECONDS=1200 SEED=1)
	$(BIN)/python -m tests.chaos.soak --seconds $(SOAK_SECONDS) --seed $(SEED)

format: setup ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

proto: setup ## Generate the Python of the gRPC contract again, into clients/python
	$(BIN)/python proto/generate.py

clean: ## Remove what was built and installed in this folder
	rm -rf $(VENV) .tools build dist .mypy_cache .ruff_cache .import_linter_cache .cache/image
