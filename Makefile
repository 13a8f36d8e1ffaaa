# Set-up is a part of every command that needs it, and takes no time when nothing has changed.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) -m infra.local.setup
# Whatever a library wants to leave in somebody's home (fonts, profiles, data sets) stays in the checkout.
APART := HOME=$(CURDIR)/build/home XDG_CACHE_HOME=$(or $(XDG_CACHE_HOME),$(HOME)/.cache)
PYTEST = mkdir -p build/home build/pytest && $(APART) PYTEST_DEBUG_TEMPROOT=$(CURDIR)/build/pytest $(BIN)/python -m pytest
INPUT ?=
SEED ?=
ROUNDS ?=
INSTANCES ?=
KEEP ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos check up down bench bench-receive bench-deid soak fuzz

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Bring everything that the project needs into .venv and the cache
	@$(SETUP)

demo: setup ## Send DICOM files through the whole system [INPUT=folder] [KEEP=1 leaves it running]
	@mkdir -p build/home && $(APART) $(BIN)/python -m infra.demo $(if $(INPUT),--input "$(INPUT)") $(if $(KEEP),--keep)

test: ## Check, then run all tests
	@$(SETUP) --with test
	@$(MAKE) --no-print-directory check
	@$(PYTEST) --numprocesses 2

chaos: ## Rounds of random faults under load with a report, and cuts of power, for an hour or two [SEED=] [ROUNDS=40] [INSTANCES=20000]
	@$(SETUP) --with test --with chaos
	@mkdir -p build/home && $(APART) $(BIN)/python -m tests.chaos.rounds --rounds $(or $(ROUNDS),40) --instances $(or $(INSTANCES),20000) $(if $(SEED),--seed $(SEED))
	@$(PYTEST) -m chaos tests

soak: ## Send in all manners for half an hour: nothing lost, nothing grown [MINUTES=30]
	@$(SETUP) --with test
	@mkdir -p build/home && $(APART) $(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30)

fuzz: ## Tear and bend what senders say, for minutes [EXAMPLES=20000]
	@$(SETUP)
	@ISOCENTRE_FUZZ_EXAMPLES=$(or $(EXAMPLES),20000) $(PYTEST) --timeout 7200 tests/unit/receiver/test_receiver_fuzz.py

check: setup ## Format, lint, types, imports, drift; starts no service
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	$(BIN)/python -m shared.events.generate --check
	$(BIN)/python -m services.anonymiser.profile.schema --check
	$(BIN)/python -m shared.sites.schema --check
	$(BIN)/python -m services.receiver.conformance --check

up: setup ## Start the stack and leave it running
	@$(BIN)/isocentre stack up

down: ## Stop the stack
	@if [ -x $(BIN)/isocentre ]; then $(BIN)/isocentre stack down; else echo "nothing was up"; fi

bench: ## Measure the whole job, and receiving alone, beside Orthanc and others
	@$(SETUP) --with bench
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.receive

bench-receive: ## Measure receiving alone, beside Orthanc, dcmtk and pynetdicom
	@$(SETUP) --with bench
	@$(BIN)/python -m tests.bench.receive

bench-deid: ## Score de-identification in the manner of MIDI-B, beside other tools
	@$(SETUP)
	@$(BIN)/python -m tests.bench.deid
