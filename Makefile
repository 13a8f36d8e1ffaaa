# Set-up is a part of every command that needs it, and takes no time when nothing has changed.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) -m infra.local.setup
INPUT ?=
KEEP ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos check up down bench

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Bring everything that the project needs into .venv and the cache
	@$(SETUP)

demo: setup ## Send DICOM files through the whole system [INPUT=folder] [KEEP=1 leaves it running]
	@$(BIN)/python -m infra.demo $(if $(INPUT),--input "$(INPUT)") $(if $(KEEP),--keep)

test: ## Check, then run all tests
	@$(SETUP) --with test
	@$(MAKE) --no-print-directory check
	@mkdir -p build/pytest && PYTEST_DEBUG_TEMPROOT=$(CURDIR)/build/pytest $(BIN)/python -m pytest

chaos: ## Kill services, broker, store and database at random, for minutes
	@$(SETUP) --with test
	@mkdir -p build/pytest && PYTEST_DEBUG_TEMPROOT=$(CURDIR)/build/pytest $(BIN)/python -m pytest -m chaos tests/chaos

check: setup ## Format, lint, types, imports, drift; starts no service
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	$(BIN)/python -m shared.events.generate --check

up: setup ## Start the stack and leave it running
	@$(BIN)/isocentre stack up

down: ## Stop the stack
	@if [ -x $(BIN)/isocentre ]; then $(BIN)/isocentre stack down; else echo "nothing was up"; fi

bench: ## Measure the whole job, beside Orthanc
	@$(SETUP) --with bench
	@$(BIN)/python -m tests.bench
