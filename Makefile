# Two commands on a fresh machine (python3 >= 3.11 and make): `make up` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/dev.lock
REGION ?= kr-ulsan

.PHONY: help setup up test check lint lock bench clean

help:            ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

setup: $(BIN)/.installed   ## Make .venv with the locked dependencies and the aifactory command

$(BIN)/.installed: $(LOCK) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: setup        ## Main job: check and preview the reference region
	@$(BIN)/aifactory check $(REGION)
	@$(BIN)/aifactory plan $(REGION)
	@$(BIN)/aifactory preview $(REGION)

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

check: lint      ## Quick subset, under a minute
	@$(BIN)/pytest -m "not live and not slow" -x

test: lint       ## Everything
	@$(BIN)/pytest

bench: setup     ## Speed and memory against a floor, in one run
	@$(BIN)/python -m tests.bench

lock: setup      ## Resolve the dependencies again (pins and hashes, no registry host)
	@$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--allow-unsafe --strip-extras --extra dev --upgrade -o $(LOCK) pyproject.toml

clean:           ## Remove what setup and the tools made
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
