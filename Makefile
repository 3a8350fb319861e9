# The developer's verbs. Each does all its set-up: a fresh clone needs Python 3.11 to 3.13 and make, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test test-full bench bench-peers lint ui lock

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv and install what the lock names, once per change of the lock

run: $(READY) ## run the sample space end to end and print what came out
	@$(BIN)/unify run data/sample/space.yaml

test: $(READY) ## run the tests
	@$(BIN)/python -m pytest

test-full: $(READY) ## run them with 20,000 random graphs instead of some thousands
	@UNIFY_GRAPHS=20000 $(BIN)/python -m pytest

bench: $(READY) ## measure generated millions of events against the floors
	@$(BIN)/python -m tests.bench

bench-peers: $(READY) ## identity resolution beside libraries that find components, on the same files
	@$(BIN)/python -m tests.bench.peers

lint: $(READY) ## lint, format, types, layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

ui: $(READY) ## open the asset graph in Dagster, on port 3000
	@mkdir -p .dagster_home && cp dagster.yaml .dagster_home/
	@DAGSTER_HOME="$(CURDIR)/.dagster_home" $(BIN)/dagster dev -w workspace.yaml

# Hashes for every platform and no host name, so that the lock works with any index.
lock: $(READY) ## resolve the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-header --no-annotate pyproject.toml --extra test -o requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "unify needs Python 3.11 to 3.13, and '$(PYTHON)' is not one." >&2; \
		echo "  to do: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@echo "setting up $(VENV), once (some minutes: what is compiled is compiled now) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pipelines.steps.warmup
	@touch $@
