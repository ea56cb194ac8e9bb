# Every target sets up what it needs and may be run again at any time. `make` alone lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
EXPERTS := $(VENV)/.installed-experts
RAY := $(VENV)/.installed-ray
# Outside the hashed files, because its CPU and CUDA builds of one version have different hashes.
TORCH := torch==2.13.0
PIP_INSTALL := $(PYTHON) -m pip install --disable-pip-version-check -qq
PYTEST := JAX_PLATFORMS=cpu $(PYTHON) -m pytest
REPORT := --cov --cov-report=term --durations=10
WORKERS ?= 2
DEMO := runs/demo

.DEFAULT_GOAL := help
.PHONY: help setup setup-experts setup-ray demo pretrain test test-slow test-experts test-ray \
  test-all lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

setup-experts: $(EXPERTS) ## add torch and transformers, which read plain photos

$(EXPERTS): requirements/experts.txt $(INSTALLED)
	@echo "installing $(TORCH) and the locked packages of the experts into $(VENV)"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/experts.txt
	@$(PIP_INSTALL) "$(TORCH)"
	@touch $@

setup-ray: $(RAY) ## add Ray, which spreads generation over machines

$(RAY): requirements/ray.txt $(INSTALLED)
	@echo "installing the locked packages of Ray into $(VENV)"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/ray.txt
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
	$(PYTEST) -m "not (slow or experts or ray)" -n $(WORKERS) $(REPORT)

# pytest ends with 5 when nothing is marked so, which is no failure.
test-slow: setup ## slow tests
	$(PYTEST) -m "slow and not (experts or ray)" -n $(WORKERS) $(REPORT) --cov-append || [ $$? -eq 5 ]

test-experts: setup-experts ## tests of the experts, on tiny models that the tests make
	$(PYTEST) -m experts -n $(WORKERS) $(REPORT) --cov-append || [ $$? -eq 5 ]

# Ray listens on the machine's outward address: these tests get a network that has loopback only.
test-ray: setup-ray ## tests on Ray, in a network namespace with loopback only
	JAX_PLATFORMS=cpu $(PYTHON) tests/loopback.py $(PYTHON) -m pytest -m ray $(REPORT) --cov-append || [ $$? -eq 5 ]

test-all: test test-slow test-experts test-ray ## every test

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
	$(COMPILE) --extra dev --extra exr --extra kernels --constraint requirements/core.txt \
	  --output-file requirements/dev.txt
	$(COMPILE) --extra experts --constraint requirements/dev.txt \
	  --override requirements/without-torch.txt --output-file requirements/experts.txt
	$(COMPILE) --extra ray --constraint requirements/dev.txt \
	  --constraint requirements/experts.txt --output-file requirements/ray.txt

clean: ## remove caches and build products; runs/ and .venv stay
	rm -rf build dist .coverage .coverage.* htmlcov .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
