# Every target sets up what it needs and may be run again at any time. `make` alone lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
TORCH := torch==2.13.0
INSTALL := sh requirements/install.sh $(PYTHON)
PYTEST := JAX_PLATFORMS=cpu $(PYTHON) -m pytest
COVERAGE := --cov --cov-report=term
REPORT := --durations=10
COLLECTING := @echo "collecting the tests, up to a minute; then each dot is one that has passed"
WORKERS ?= 2
DEMO := runs/demo

# Tests are compiled once, not by every worker of every set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
EXTRAS := $(addprefix setup-,experts ray cuda tpu video kerashub profile wandb)
.PHONY: help setup $(EXTRAS) demo pretrain findings test test-slow test-hostile test-experts test-ray \
  test-tpu test-video test-browser test-all screenshots lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	@$(INSTALL) requirements/dev.txt .
	@touch $@

setup-experts: ## add torch and transformers, which read plain photos
setup-ray: ## add Ray, which spreads generation over machines
setup-cuda: ## add what JAX needs for an NVIDIA GPU
setup-tpu: ## add what JAX needs for a TPU, and to plan for one
setup-video: ## add PyAV, which reads videos of robots
setup-kerashub: ## add KerasHub, which a benchmark compares with
setup-profile: ## add the viewer of profiles
setup-wandb: ## add Weights & Biases
$(EXTRAS): setup-%: $(INSTALLED)-%

$(INSTALLED)-%: requirements/%.txt $(INSTALLED)
	@echo "installing the locked packages of $* into $(VENV)"
	@$(INSTALL) $<
	@touch $@

# The build of torch for processors alone is small, but not every index has it.
$(INSTALLED)-experts: requirements/experts.txt requirements/torch.txt $(INSTALLED)
	@echo "installing $(TORCH) and the locked packages of the experts into $(VENV)"
	@$(INSTALL) requirements/torch-cpu.txt $< 2>/dev/null || $(INSTALL) requirements/torch.txt $<
	@touch $@

demo: setup ## render data, evaluate, train, evaluate again, report: all in runs/demo
	@echo "the demo takes about 12 minutes on two cores, from here to $(DEMO)/report.html"
	$(PYTHON) train.py --config=configs/demo.py --workdir=$(DEMO)
	$(PYTHON) benchmarks/oracle.py --run=$(DEMO)
	$(PYTHON) eval.py --workdir=$(DEMO)

pretrain: setup ## make the small checkpoint from nothing (hours on two CPU cores)
	$(PYTHON) train.py --config=configs/pretrain.py:see --workdir=runs/pretrain_see
	$(PYTHON) train.py --config=configs/pretrain.py:speak --workdir=runs/pretrain_speak
	$(PYTHON) train.py --config=configs/pretrain.py:settle --workdir=runs/pretrain_settle
	$(PYTHON) train.py --config=configs/teach.py --workdir=runs/pretrain_teach
	$(PYTHON) train.py --config=configs/hold.py --workdir=runs/pretrain_hold
	$(PYTHON) train.py --config=configs/carry.py --workdir=runs/pretrain_carry
	$(PYTHON) train.py --config=configs/fine.py --workdir=runs/pretrain_fine
	$(PYTHON) train.py --config=configs/finish.py --workdir=runs/pretrain_finish
	$(PYTHON) eval.py --workdir=runs/pretrain_finish --config.eval.images=600 --config.eval.scored_values=64
	$(VENV)/bin/spatialvlm export runs/pretrain_finish runs/small128.safetensors --dtype=bfloat16
	$(PYTHON) benchmarks/presence.py --model=runs/small128.safetensors --keep

# FLAGS="--only=noise --seeds=1" and other words of the command say more.
findings: setup ## the paper's findings, small, into docs/findings.md (4 hours of two cores; goes on)
	$(PYTHON) -m spatialvlm_jax.sweeps.findings $(FLAGS)

test: setup ## fast tests, with coverage
	$(COLLECTING)
	$(PYTEST) -m "not (slow or experts or ray or tpu or video or browser)" -n $(WORKERS) \
	  $(COVERAGE) $(REPORT)

# Only fast tests measure coverage: a process that trains takes half as long again with it.
# Slow tests that share a run stay on one worker (`xdist_group`), and are begun before the others.
test-slow: setup ## slow tests
	$(COLLECTING)
	$(PYTEST) -m "slow and not (experts or ray or tpu or video or browser)" -n $(WORKERS) \
	  --dist=loadgroup $(REPORT)

test-hostile: setup ## every input that nobody should trust (part of test-slow, too)
	JAX_PLATFORMS=cpu $(PYTHON) -m tests.hostile

test-experts: setup-experts ## tests of the experts, on tiny models that the tests make
	$(COLLECTING)
	$(PYTEST) -m experts -n $(WORKERS) $(REPORT)

# Ray listens on the machine's outward address: these tests get a network that has loopback only.
test-ray: setup-ray ## tests on Ray, in a network namespace with loopback only
	$(COLLECTING)
	JAX_PLATFORMS=cpu $(PYTHON) tests/loopback.py $(PYTHON) -m pytest -m ray $(REPORT)

test-tpu: setup-tpu ## tests with a TPU's compiler, on any machine
	$(COLLECTING)
	$(PYTEST) -m tpu $(REPORT)

test-video: setup-video ## tests of videos, which they write themselves
	$(COLLECTING)
	$(PYTEST) -m video $(REPORT)

# What Debian and Ubuntu call it; other builds of it are not looked for. Without it nothing is tested,
# which is a failure where a change is checked: set CI or REQUIRE_BROWSER to anything for that.
CHROMIUM := /usr/bin/chromium
REQUIRE_BROWSER ?= $(CI)
test-browser: setup ## pages in a real browser, where there is one
	@if [ -x $(CHROMIUM) ]; then $(PYTEST) -m browser $(REPORT); \
	else \
	  echo "no browser test is run: $(CHROMIUM) is not here (apt-get install chromium)" >&2; \
	  [ -z "$(REQUIRE_BROWSER)" ]; \
	fi

screenshots: setup ## pictures of all pages for the guide, in docs/images
	SCREENSHOTS=docs/images $(PYTEST) -m browser $(REPORT)

test-all: test test-slow test-experts test-ray test-tpu test-video test-browser ## every test

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
LOCK := requirements

lock: setup ## pin every dependency by version and hash, and keep what each of them needs
	$(COMPILE) --output-file $(LOCK)/core.txt
	$(COMPILE) --extra dev --extra exr --extra heic --extra kernels --extra serve \
	  --constraint $(LOCK)/core.txt --output-file $(LOCK)/dev.txt
	$(COMPILE) --extra experts --extra parity $(LOCK)/beside-torch.in --constraint $(LOCK)/dev.txt \
	  --override $(LOCK)/without-torch.txt --output-file $(LOCK)/experts.txt
	$(COMPILE) --extra ray --constraint $(LOCK)/dev.txt --constraint $(LOCK)/experts.txt \
	  --output-file $(LOCK)/ray.txt
	$(COMPILE) --extra cuda --constraint $(LOCK)/dev.txt --output-file $(LOCK)/cuda.txt
	echo "$(TORCH)" | $(subst pyproject.toml --group build,-,$(COMPILE)) \
	  --constraint $(LOCK)/experts.txt --constraint $(LOCK)/cuda.txt --output-file $(LOCK)/torch.txt
	for extra in tpu kerashub profile serve video wandb; do \
	  $(COMPILE) --extra $$extra --constraint $(LOCK)/dev.txt --constraint $(LOCK)/experts.txt \
	    --constraint $(LOCK)/ray.txt --constraint $(LOCK)/cuda.txt \
	    --output-file $(LOCK)/$$extra.txt || exit; \
	done
	$(PYTHON) $(LOCK)/needs.py

clean: ## remove caches and build products; runs/ and .venv stay
	rm -rf build dist .cache .coverage .coverage.* htmlcov .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
