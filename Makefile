# Everything a newcomer, a contributor and the build do. Needs Python 3.11+ and a package index, nothing else:
# the virtual environment is made here, and made anew only where pyproject.toml has changed.

PYTHON  ?= python3
WORKERS ?= 2
ARGS    ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: install demo test test-slow lint bench clean

install: .venv/.dev
	@echo "Ready. See it work: make demo · run the tests: make test · use it: $(BIN)/trialwire --help"

demo: .venv/.runtime
	@$(BIN)/trialwire demo $(or $(ARGS),--keep demo-output)

test: .venv/.dev
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) $(ARGS)

test-slow: .venv/.dev
	$(BIN)/python -m pytest -m slow $(ARGS)
	TRIALWIRE_TEST_SEARCH=anew $(BIN)/python -m pytest -n 2 tests/core tests/registries tests/test_compare.py

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.dev
	$(BIN)/python -m tests.bench $(ARGS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist demo-output
	find monitor tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A half-made environment would look whole to the next run, so it is taken away again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found=$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo missing); \
	  echo "Trialwire needs Python 3.11 or newer; $(PYTHON) is $$found." >&2; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) -V) ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/.runtime: pyproject.toml | $(BIN)/python
	@echo "Installing Trialwire into .venv ..."
	@$(PIP) --editable .
	@touch $@

.venv/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing Trialwire and its tools for development into .venv ..."
	@$(PIP) --editable '.[dev]'
	@touch $@ .venv/.runtime
