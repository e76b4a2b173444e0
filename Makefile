# Everything happens in .venv, from one lock file: nothing global, the same versions for running and for testing.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-virtualenv
# More than the two processors of the machine that this is measured on: tests also wait, for servers and pages.
WORKERS ?= 4

# Where it is set, each process of the tests and of the service would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

# What checks the pages' scripts: Node.js 18.18 or newer for their tests, and npm for the rest. Without them the rest is checked.
NODE := $(shell node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b >= 18) ? 0 : 1)' 2>/dev/null && echo yes)
NPM := $(if $(NODE),$(shell command -v npm))

.PHONY: help run test torture cluster cluster-quick test-313 coverage lint lint-python lint-pages test-pages hooks bench bench-writes load soak lock lock-upgrade clean
.DEFAULT_GOAL := help

help:  ## Say what there is to make
	@sed -nE 's/^([a-z0-9-]+):.*  ## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target told; do \
	  printf '  make %-14s %s\n' "$$target" "$$told"; done

run: $(VENV)/run.done  ## Serve the ledger in data/ on 127.0.0.1:8000, with demo data in it at the first start
	@HUSHI_LOG_LEVEL=$${HUSHI_LOG_LEVEL:-WARNING} $(BIN)/hushi demo --if-empty
	@HUSHI_LOG_LEVEL=$${HUSHI_LOG_LEVEL:-WARNING} exec $(BIN)/hushi serve --port $(PORT) --welcome

test: $(VENV)/test.done lint test-pages  ## Every check and test, on SQLite and on a real PostgreSQL
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || echo "skipped: browser tests (no chromium on this machine)"
	@ls /usr/lib/postgresql/*/lib/llvmjit.so >/dev/null 2>&1 || echo "skipped: tests on a PostgreSQL with JIT (none is installed on this machine)"
	@PATH=$$PATH:/usr/sbin command -v pgbouncer >/dev/null || echo "skipped: tests with PgBouncer (none is installed on this machine)"
	@for program in nginx caddy systemd-analyze; do PATH=$$PATH:/usr/sbin command -v $$program >/dev/null || echo "skipped: tests with $$program (it is not installed on this machine)"; done
	@command -v promtool >/dev/null || echo "skipped: promtool on the alerts (no prometheus on this machine)"
	@PATH=$$PATH:/usr/sbin command -v haproxy >/dev/null || echo "skipped: HAProxy's file for three machines (none is installed on this machine)"
	@command -v systemd-analyze >/dev/null || echo "skipped: the unit of Patroni for three machines (no systemd on this machine)"
	@$(BIN)/python -c "import sys; from tests.networks import can_be_made; sys.exit(not can_be_made())" || echo "skipped: tests of a database that vanishes (they make a network of their own: that takes root, and ip)"
	@command -v cc >/dev/null || echo "skipped: power cuts and I/O errors of a simulated disk (no C compiler cc on this machine)"
	@$(BIN)/python -c "import sys; from tests.torture.disks.ext4 import can_mount; sys.exit(not can_mount())" || echo "skipped: power cuts of a real file system (they take root, mount and mkfs.ext4)"
	@test -e $(VENV)/bench.done || echo "skipped: tests of what measures: the peers, and the builds that are compared (their libraries come with make bench)"
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || echo "skipped: jumps of the clock (no libfaketime on this machine)"
	@# On a busy machine a test of time or of a race can fail beside others: those that fail run once more, alone, and both runs are shown.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  || $(BIN)/python -m pytest --last-failed --last-failed-no-failures none

# FAULTS names faults or groups of tests/torture/registry.py; FIRST is the number of the first cycle, to run one again; JOBS, how many parts of a fault run at once.
torture: $(VENV)/test.done  ## Kills, cuts, frozen connections, retries, clocks, in full, into docs/RELIABILITY.md; hours: FAULTS, ENGINES, CYCLES, SEED narrow it
	$(BIN)/python -m tests.torture --faults "$(FAULTS)" --engines "$(ENGINES)" --cycles "$(or $(CYCLES),0)" --first "$(or $(FIRST),1)" --jobs "$(or $(JOBS),1)" $(if $(SEED),--seed $(SEED))

# FAULTS names faults of tests/cluster/faults.py. Cutting machines off from each other takes root; the rest runs as anybody.
cluster: $(VENV)/test.done  ## Three PostgreSQL under Patroni, two Hushi: kills, lost machines, pauses, cuts, switchovers; 3 hours: FAULTS, CYCLES, SEED narrow it
	$(BIN)/python -m tests.cluster.run --cycles "$(or $(CYCLES),30)" --seed "$(or $(SEED),17)" $(if $(FAULTS),--faults "$(FAULTS)")
	$(BIN)/python -m tests.cluster.run --by-hand

cluster-quick: $(VENV)/test.done  ## The same with one kill and one switchover, and the control without synchronous standbys, which must lose: a minute
	$(BIN)/python -m tests.cluster.run --quick

# Each process counts but those that are killed (SIGKILL). The floor is in tests/coverage_floor.py. The folders are named, because Alembic
# loads the steps of the schema by their files, and not as modules of the package.
MEASURED := --source=$(CURDIR)/service,$(CURDIR)/schemas
coverage: $(VENV)/test.done  ## All tests once more, counting lines and branches, in servers and commands too; fails under the floor
	@rm -rf .coverage-data && mkdir -p .coverage-data/again
	@# Counting takes time that some tests do not allow for: those that fail run once more, alone.
	$(BIN)/coverage run $(MEASURED) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  || COVERAGE_FILE=$(CURDIR)/.coverage-data/again/coverage $(BIN)/coverage run $(MEASURED) -m pytest --last-failed --last-failed-no-failures none
	@$(BIN)/coverage combine --quiet .coverage-data .coverage-data/again && $(BIN)/coverage report --skip-covered --show-missing --sort=cover
	@$(BIN)/coverage json --quiet -o .coverage-data/totals.json && $(BIN)/python -m tests.coverage_floor .coverage-data/totals.json

lint: lint-python lint-pages  ## Style and types, of Python and of the pages' scripts

lint-python: $(VENV)/test.done  ## Ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@test -e $(VENV)/bench.done || echo "skipped: types of the load tests (their libraries come with make bench)"
	$(BIN)/mypy $$(test -e $(VENV)/bench.done || echo service schemas tests examples)

# Debian 12 has Python 3.11 alone, so this is for machines where a 3.13 was installed beside it; the tests are those of the rules and the API.
PYTHON_313 ?= python3.13
VENV_313 := .venv-313
test-313:  ## The tests that start no server, on Python 3.13 where it is installed
	@if $(PYTHON_313) --version >/dev/null 2>&1; then $(MAKE) --no-print-directory $(VENV_313)/bin/hushi && \
	  $(VENV_313)/bin/python -m pytest -n $(WORKERS) --dist loadfile tests/domain tests/schemas tests/importing tests/http; \
	else echo "skipped: tests on Python 3.13 (no $(PYTHON_313) on this machine)"; fi

$(VENV_313)/bin/hushi: pyproject.toml requirements-test.lock
	$(PYTHON_313) -m venv $(VENV_313)
	$(VENV_313)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-test.lock
	$(VENV_313)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

hooks: $(VENV)/test.done  ## Have git check each commit here: ruff, mypy, length of the subject (needs pre-commit)
	pre-commit install --hook-type pre-commit --hook-type commit-msg

# Where npm reaches no registry, this is skipped as well. CI says REQUIRE_NPM=1: there nothing of it is skipped.
lint-pages:  ## ESLint, Prettier and TypeScript
ifneq ($(NPM),)
	@if $(MAKE) --silent node_modules/installed.done; then npm run --silent lint; \
	  elif [ -n "$(REQUIRE_NPM)" ]; then exit 1; else echo "skipped: lint of the pages' scripts (npm could not install its packages)"; fi
else
	@echo "skipped: lint of the pages' scripts (no npm with Node.js 18.18 or newer on this machine)"
	@test -z "$(REQUIRE_NPM)"
endif

test-pages:  ## The logic of the pages' scripts that needs no browser
ifneq ($(NODE),)
	node --test --test-reporter=spec tests/javascript/*.test.js
else
	@echo "skipped: tests of the pages' scripts (no Node.js 18.18 or newer on this machine)"
	@test -z "$(REQUIRE_NPM)"
endif

node_modules/installed.done: package.json package-lock.json .npmrc
	npm ci --no-progress
	@touch $@

bench: $(VENV)/bench.done  ## Reports beside SQL, DuckDB and Polars; BENCH_SIZES=1000000 BENCH_ENGINES=sqlite is quick
	@mkdir -p .bench-data
	$(BIN)/python -m pytest loadtests/bench_reports.py loadtests/bench_processing.py -W default -p no:cacheprovider \
	  --benchmark-quiet --benchmark-json=.bench-data/reports.json
	$(BIN)/python -m loadtests.bench_http $${BENCH_ENGINES:-sqlite,postgresql}
	$(BIN)/python -m pytest loadtests/bench_posting.py -W default -p no:cacheprovider \
	  --benchmark-quiet --benchmark-json=.bench-data/posting.json
	@$(BIN)/python -m loadtests.table .bench-data/reports.json .bench-data/http.json
	@$(BIN)/python -m loadtests.figures posting

# Each one is a program of its own, and ends with its own table when it is started by hand.
WRITES := bench_single bench_batches bench_imports bench_inside memory together bench_splits overload
WRITTEN := $(patsubst bench_%,%,$(WRITES))
# The commit that takes its turn with this tree, in a git worktree below .bench-data: the last one whose posts all went through Flask. BASE= compares with none.
BASE ?= ac6a400
bench-writes: export BENCH_QUIET = 1
bench-writes: export BENCH_BASE = $(BASE)
bench-writes: $(VENV)/bench.done  ## Writes beside the commit BASE, two peers and raw SQL, imports, memory, overload: an hour; BASE=, BENCH_ENGINES, BENCH_TRANSACTIONS, LOAD_SECONDS narrow it
	@for program in $(WRITES); do $(BIN)/python -m loadtests.$$program || exit 1; done
	@env -u BENCH_QUIET $(BIN)/python -m loadtests.figures $(WRITTEN)
	@$(BIN)/python -m loadtests.compared $(WRITTEN)

load: $(VENV)/bench.done  ## A market's morning over HTTP; URL=… KEY=… aims at a running deployment
	@URL="$(URL)" KEY="$(KEY)" $(BIN)/python -m loadtests.load

soak: $(VENV)/bench.done  ## Mixed load at half of capacity for two hours on each engine; SOAK_SECONDS, BENCH_ENGINES narrow it
	$(BIN)/python -m loadtests.soak

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hushi needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

# Hashes are checked, and the package itself is built by the locked build tools, without fetching anything else.
$(VENV)/run.done: pyproject.toml requirements-run.lock | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements-run.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.done: $(VENV)/run.done requirements-test.lock
	$(PIP) --require-hashes -r requirements-test.lock
	@touch $@

$(VENV)/bench.done: $(VENV)/test.done requirements.lock
	$(PIP) --require-hashes -r requirements.lock
	@touch $@

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links pyproject.toml

lock:  ## Resolve what pyproject.toml asks for, keeping the versions that are locked (needs uv)
	$(LOCK) $(UPGRADE) --all-extras --output-file requirements.lock
	$(LOCK) $(UPGRADE) --extra build --constraint requirements.lock --output-file requirements-run.lock
	$(LOCK) $(UPGRADE) --extra build --extra test --constraint requirements.lock --output-file requirements-test.lock

lock-upgrade: UPGRADE := --upgrade
lock-upgrade: lock  ## Resolve the newest versions of everything (needs uv)

clean:  ## Remove the environment and all caches; ledgers stay
	rm -rf $(VENV) $(VENV_313) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
