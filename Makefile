# On a fresh machine with Python 3.11 to 3.13 and make:
#   make serve  set up, then run the clinic, the web application
#   make demo   set up, then assess a real chest film
#   make test   set up, then lint, types and tests
PYTHON ?= python3
VENV   := .venv
BASE   := .venv-base
CLINIC := .venv-clinic
BIN    := $(VENV)/bin
PIP    := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Torch's own threads fight with pytest's workers on small machines.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help serve demo test lint types unit clinic base clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BASE)/ready: pyproject.toml constraints.txt $(shell find src -type f -not -name '*.pyc')
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python $(PIP) --upgrade pip
	$(BASE)/bin/python $(PIP) --force-reinstall --no-deps .
	$(BASE)/bin/python $(PIP) '.[demo]'
	touch $@

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --upgrade pip
	$(BIN)/python $(PIP) --editable '.[dev]'
	touch $@

$(CLINIC)/ready: pyproject.toml constraints.txt $(shell find src -type f -not -name '*.pyc')
	$(PYTHON) -m venv $(CLINIC)
	$(CLINIC)/bin/python $(PIP) --upgrade pip
	$(CLINIC)/bin/python $(PIP) --force-reinstall --no-deps .
	$(CLINIC)/bin/python $(PIP) '.[clinic,demo]'
	touch $@

serve: $(CLINIC)/ready  ## Install the clinic (no torch) and run it; open the address that it prints
	$(CLINIC)/bin/covid-d serve

demo: $(BASE)/ready  ## Install the base (no torch) and assess a real chest film
	$(BASE)/bin/covid-d demo --out demo

test: lint types unit clinic base  ## Lint, types and every test

lint: $(VENV)/ready  ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready  ## Static types
	$(BIN)/mypy

unit: $(VENV)/ready  ## Tests with every extra, with coverage
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --cov --cov-report=term --durations=15

clinic: $(CLINIC)/ready  ## Tests of the clinic's install alone: no torch, on a real PostgreSQL
	! $(CLINIC)/bin/python -c 'import torch' 2>/dev/null
	$(CLINIC)/bin/python $(PIP) '.[postgres]' pytest pytest-xdist hypothesis onnx httpx2
	cd tests && ../$(CLINIC)/bin/python -m pytest -c ../pyproject.toml --rootdir .. -q \
	  --numprocesses 2 --dist loadgroup --database postgresql clinic

base: $(BASE)/ready  ## Tests of the base install alone: not editable, no torch
	! $(BASE)/bin/python -c 'import torch' 2>/dev/null
	$(BASE)/bin/python $(PIP) pytest hypothesis onnx
	cd tests && ../$(BASE)/bin/python -m pytest -c ../pyproject.toml --rootdir .. -q radiograph detector cli/test_predict.py cli/test_demo.py

clean:  ## Remove environments and caches
	rm -rf $(VENV) $(BASE) $(CLINIC) .mypy_cache .ruff_cache .pytest_cache .coverage* demo
