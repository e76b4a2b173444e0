# Everything happens in .venv, from one lock file: nothing global, the same versions for running and for testing.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-virtualenv -c requirements.lock
WORKERS ?= 2

.PHONY: run test lint lock clean

run: $(VENV)/run.done  ## Serve the ledger in data/ on 127.0.0.1:8000
	@$(BIN)/hushi welcome --port $(PORT)
	@HUSHI_LOG_LEVEL=$${HUSHI_LOG_LEVEL:-WARNING} exec $(BIN)/hushi serve --port $(PORT)

test: $(VENV)/test.done lint  ## Every check and test, on SQLite and on a real PostgreSQL
	@command -v chromium >/dev/null || echo "skipped: browser tests (no chromium on this machine)"
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hushi needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

# The build tools first, from the lock, so that the package itself is built without fetching anything unlocked.
$(VENV)/run.done: pyproject.toml requirements.lock | $(VENV)/bin/python
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/test.done: $(VENV)/run.done
	$(PIP) --no-build-isolation --editable '.[build,test]'
	@touch $@

lock:  ## Resolve the newest versions into requirements.lock (needs uv)
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --all-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
