# Two commands matter to a newcomer: `make demo` and `make test`.
VENV ?= .venv
PYTHON ?= python3.11
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export HF_HUB_OFFLINE := 1
export TRANSFORMERS_OFFLINE := 1
export DVC_NO_ANALYTICS := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check coverage benchmarks train freeze clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml constraints.txt
	@echo 'Installing into $(VENV) (some minutes the first time) …'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(STAMP)  ## run the main job on the sample study; ends with the path of the report
	$(PY) -m pipeline run corpora/voorbeeld

test: $(STAMP)  ## the fast tests
	$(PY) -m pytest

test-all: $(STAMP)  ## the slow ones too (trains, starts Prefect and PostgreSQL, kills runs)
	$(PY) -m pytest -m ''

check: $(STAMP)  ## style, types, directions and all tests: what CI runs
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	$(PY) -m pytest -m ''

coverage: $(STAMP)  ## branch coverage of the fast tests
	$(PY) -m pytest --cov --cov-report=term

benchmarks: $(STAMP)  ## speed as ratios, printed
	$(PY) benchmarks/tagging.py
	$(PY) benchmarks/compare.py

train: $(STAMP)  ## make the shipped tagger again from its labels (dvc repro)
	dvc repro

freeze: $(STAMP)  ## write constraints.txt from the environment that passed the tests
	$(PY) -m pip freeze --exclude-editable | sed -E 's/\+cpu$$//' | LC_ALL=C sort -f > constraints.txt

clean:  ## remove what runs of the sample study made, its vault and labels too
	rm -rf corpora/voorbeeld/.raamwerk corpora/voorbeeld/rapport .pytest_cache .mypy_cache .ruff_cache
