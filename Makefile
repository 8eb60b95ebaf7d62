# Each target sets up what it needs; a second call finds it done. PYTHON picks the interpreter (3.11 or newer).
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help new-environment setup images demo up test check format env data-model bench polls scale burst repeat faults constraints
.PHONY: clean hostile

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The environment's own pip is used and not the system's: dependency groups need pip 25.1.
$(READY): pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(MAKE) --no-print-directory new-environment
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . --group test --group lint
	@touch $@

new-environment:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "CodeZest needs Python 3.11 or newer; say make PYTHON=...")'
	$(PYTHON) -m venv --clear $(VENV)

setup: $(READY) ## Make .venv with everything in it

images: $(READY) ## Build the sandbox images, if a Docker engine answers; what is current is left alone
	@$(BIN)/codezest sandboxes build --if-possible

demo: images ## Grade every shipped example, over HTTP, in sandboxes; exit 0 only if all went as expected
	$(BIN)/codezest demo

up: images ## Run API, graders, sweeper and deliverer until Ctrl-C
	$(BIN)/codezest up

test: images ## Run the tests with whatever services answer; ARGS adds pytest's arguments
	$(BIN)/python -m pytest $(ARGS)

hostile: images ## Attack the sandboxes three times in all modes, on one slot and on four; print a table
	$(BIN)/python -m tests.sandboxes.pool $(ARGS)

check: $(READY) ## Lint, formatting, types, rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/python -m pytest -q tests/house

format: $(READY) ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

env: $(READY) ## Write .env.example anew from the settings
	$(BIN)/python -m tests.house.env_example > .env.tmp && mv .env.tmp .env.example

data-model: $(READY) ## Write docs/data-model.md anew from the models
	$(BIN)/python -m tests.house.data_model > data-model.tmp && mv data-model.tmp docs/data-model.md

bench: images ## Print speed and memory beside bare runs and other graders; ARGS="--quick" takes a short look
	$(BIN)/python -m bench $(ARGS)

polls: $(READY) ## Measure what a poll costs the API, and how long it takes at 400 a second
	$(BIN)/python -m bench.polls $(ARGS)

scale: $(READY) ## Measure the day's work beside a million finished submissions; ARGS="--rows 100000" takes fewer
	$(BIN)/python -m bench.scale $(ARGS)

burst: images ## Post ten thousand submissions at once and see all of them graded; ARGS="--count 1000" posts fewer
	$(BIN)/python -m bench.burst $(ARGS)

repeat: images ## Grade harmless programs again and again, idle and beside burning slots; 1 if a verdict differs
	$(BIN)/python -m bench.repeat $(ARGS)

faults: images ## Strike a running platform with every fault at every moment; 1 if anything was lost, doubled or blamed
	$(BIN)/python -m bench.faults --own-engine $(ARGS)

constraints: $(READY) ## Write constraints.txt anew from .venv
	{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable; } > constraints.tmp
	mv constraints.tmp constraints.txt

clean: ## Remove .venv and caches; data in .codezest stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
