# Every target sets up what it needs and may be run again at any time. `make` alone lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PIP_INSTALL := $(PYTHON) -m pip install --disable-pip-version-check -qq
PYTEST := JAX_PLATFORMS=cpu $(PYTHON) -m pytest
REPORT := --cov --cov-report=term --durations=10
WORKERS ?= 2
DEMO := runs/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo pretrain test test-slow test-all lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv with the locked core and the development tools

NEW_ENOUGH := 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'

# The first interpreter that is new enough and really runs: version managers leave shims that do not.
define find_python
for python in $(BASE_PYTHON) python3.13 python3.12 python3.11 python3; do \
  if $$python -c $(NEW_ENOUGH) >/dev/null 2>&1; then break; fi; python=; \
done; \
if [ -z "$$python" ]; then \
  echo "make: no Python 3.11 or newer with venv was found; install one (Debian and Ubuntu:" \
    "python3 python3-venv) or name it: make setup BASE_PYTHON=PATH" >&2; exit 2; \
fi
endef

$(INSTALLED): requirements/dev.txt pyproject.toml
	@if ! $(PYTHON) -c $(NEW_ENOUGH) >/dev/null 2>&1; then \
	  $(find_python); echo "making $(VENV) with $$($$python --version)"; \
	  $$python -m venv --clear $(VENV); \
	fi
	@echo "installing $$(grep -c '==' requirements/dev.txt) locked packages into $(VENV);" \
	  "the first time takes some minutes"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/dev.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## render data, evaluate, train, evaluate again, report: all in runs/demo
	$(PYTHON) train.py --config=configs/demo.py --workdir=$(DEMO)
	$(PYTHON) eval.py --config=configs/demo.py --workdir=$(DEMO)

pretrain: setup ## make the shipped small checkpoint again (hours on two CPU cores)
	$(PYTHON) train.py --config=configs/pretrain.py:dense --workdir=runs/pretrain_dense
	$(PYTHON) train.py --config=configs/pretrain.py:words --workdir=runs/pretrain_words
	$(PYTHON) train.py --config=configs/pretrain.py:clear --workdir=runs/pretrain_clear
	$(VENV)/bin/spatialvlm export runs/pretrain_clear/model.safetensors runs/small.safetensors
	@echo "to ship them: cp runs/small.safetensors spatialvlm_jax/assets/"

test: setup ## fast tests, with coverage
	$(PYTEST) -m "not slow" -n $(WORKERS) $(REPORT)

# pytest ends with 5 when nothing is marked slow, which is no failure.
test-slow: setup
	$(PYTEST) -m slow -n $(WORKERS) $(REPORT) --cov-append || [ $$? -eq 5 ]

test-all: test test-slow ## fast tests, then the slow ones

lint: setup ## formatting, lint and types
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

format: setup ## format the code and mend what ruff can mend
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# No index address may enter the files; `make lock UPGRADE=--upgrade` moves to newest versions.
COMPILE := $(VENV)/bin/uv pip compile --quiet pyproject.toml --group build --universal \
  --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
  --no-annotate --custom-compile-command "make lock" $(UPGRADE)

lock: setup ## pin every dependency by version and hash
	$(COMPILE) --output-file requirements/core.txt
	$(COMPILE) --extra dev --constraint requirements/core.txt --output-file requirements/dev.txt

clean: ## remove caches and build products; runs/ and .venv stay
	rm -rf build dist .coverage .coverage.* htmlcov .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
