# Every command of the project. Each brings what it needs: only Python 3.11+ (with venv) and make must be there.
# All paths are relative, so the project may stand in a folder with spaces in its name.

PY := .venv/bin/python
STAMP := .venv/.synced
CODE := services shared deploy benchmarks tests

DATA_DIR ?= .arrears
PORT_BASE ?= 8000
ROLES ?= supervisor integrator admin
PYTEST ?=
PROCESSES ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(STAMP) ## Start everything, live through the demo, print the addresses and a token
	@$(PY) -m deploy.local up --detach --data-dir "$(DATA_DIR)" --port-base "$(PORT_BASE)"
	@$(PY) -m deploy.local demo --data-dir "$(DATA_DIR)"
	@$(PY) -m deploy.local status --data-dir "$(DATA_DIR)"
	@echo "A token to explore with ($(ROLES)), for 12 hours:"
	@$(PY) -m deploy.local token --data-dir "$(DATA_DIR)" $(ROLES:%=--role %) --ttl 12h

.PHONY: down
down: $(STAMP) ## Stop everything; with WIPE=1 remove its data too
	@$(PY) -m deploy.local down --data-dir "$(DATA_DIR)" $(if $(WIPE),--wipe)

.PHONY: test
test: $(STAMP) ## Run all tests in PROCESSES=2 with a PostgreSQL and a Kafka each; PYTEST="-k word" selects
	REQUIRE_INFRA=1 $(PY) -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST)

.PHONY: check
check: $(STAMP) ## Check format, lint, types, imports between modules, and that the contracts are current
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy $(CODE)
	.venv/bin/lint-imports
	$(PY) -m shared.events.export --check
	$(PY) -m deploy.contracts --check
	$(PY) -m deploy.rules --check

.PHONY: contracts
contracts: $(STAMP) ## Write docs/contracts anew from the code
	$(PY) -m shared.events.export
	$(PY) -m deploy.contracts
	$(PY) -m deploy.rules

.PHONY: audit
audit: $(STAMP) ## Look the locked packages up in the database of known vulnerabilities (needs the network)
	.venv/bin/pip-audit --require-hashes --disable-pip --requirement requirements-dev.lock

.PHONY: lock
lock: $(STAMP) ## Resolve the packages of pyproject.toml anew into the two lock files
	.venv/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --quiet --output-file requirements.lock
	.venv/bin/uv pip compile pyproject.toml --group local --group dev --universal --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --quiet --constraint requirements.lock --output-file requirements-dev.lock

.PHONY: bench
bench: $(STAMP) ## Measure against the limit of this machine, in the same run; CASE=B2,B4 SCALE=0.1 selects
	$(PY) -m benchmarks $(if $(CASE),--case "$(CASE)") $(if $(SCALE),--scale "$(SCALE)") $(if $(NOTE),--note "$(NOTE)")

.PHONY: faults
faults: $(STAMP) ## Kill, stop and crowd everything once, check the books; CASE=R3 SEED=7 again, MINUTES=60 at random
	$(PY) -m tests.faults $(if $(CASE),--case "$(CASE)") $(if $(SEED),--seed "$(SEED)") $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(LENGTH),--length "$(LENGTH)")

.PHONY: conformance
conformance: $(STAMP) ## Decide every worked example of Regulation F anew; print and write the report to file
	$(PY) -m tests.conformance.report

.PHONY: fuzz
fuzz: $(STAMP) ## Send 100,000 bad messages, 25,000 files, batches and webhooks, and bad requests to a stack; EXAMPLES=5000 SEED=7
	REQUIRE_INFRA=1 EXAMPLES="$(or $(EXAMPLES),100000)" SEED="$(or $(SEED),1)" FUZZ_REPORT=docs/reliability-bad-input.md \
	  $(PY) -m pytest tests/fuzz -o faulthandler_timeout=0

$(STAMP): requirements-dev.lock .ci/venv
	@.ci/venv
	@touch $@
