# On a fresh machine with Python 3.11 to 3.13 and make:
#   make serve     set up, then run the clinic, the web application
#   make demo      set up, then assess a real chest film
#   make test      set up, then lint, types and every quick test: minutes, no torch
#   make test-all  that, and all the rest: browser, training, PostgreSQL, killed processes, site
PYTHON ?= python3
VENV   := .venv
LIGHT  := .venv-light
BASE   := .venv-base
CLINIC := .venv-clinic
BIN    := $(VENV)/bin
PIP    := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST := -m pytest --numprocesses 2 --dist loadgroup --durations=15
QUICK  := not slow and not browser and not train
# A second install runs tests from beside the source, so that only what is installed is imported.
BESIDE := cd tests && ..
AS_IS  := -m pytest -c ../pyproject.toml --rootdir .. -q
SOURCE := $(shell find src -type f -not -name '*.pyc')
# Torch's own threads fight with pytest's workers on small machines.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help serve demo test test-all rest lint types quick types-all long postgres base clinic \
  words docs notebooks coverage dist clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BASE)/ready: pyproject.toml constraints.txt $(SOURCE)
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python $(PIP) --upgrade pip
	$(BASE)/bin/python $(PIP) --force-reinstall --no-deps .
	$(BASE)/bin/python $(PIP) '.[demo]'
	touch $@

$(CLINIC)/ready: pyproject.toml constraints.txt $(SOURCE)
	$(PYTHON) -m venv $(CLINIC)
	$(CLINIC)/bin/python $(PIP) --upgrade pip
	$(CLINIC)/bin/python $(PIP) --force-reinstall --no-deps .
	$(CLINIC)/bin/python $(PIP) '.[clinic,demo]'
	touch $@

$(LIGHT)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python $(PIP) --upgrade pip
	$(LIGHT)/bin/python $(PIP) --editable '.[light]'
	touch $@

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --upgrade pip
	$(BIN)/python $(PIP) --editable '.[dev]'
	touch $@

serve: $(CLINIC)/ready  ## Install the clinic (no torch) and run it; open the address that it prints
	$(CLINIC)/bin/covid-d serve

demo: $(BASE)/ready  ## Install the base (no torch) and assess a real chest film
	$(BASE)/bin/covid-d demo --out demo

test: lint types quick  ## Lint, types and every quick test; no torch, minutes

test-all: test rest  ## Every check there is

rest: types-all long postgres base clinic docs  ## What `make test` leaves out

lint: $(LIGHT)/ready  ## Style
	$(LIGHT)/bin/ruff check .
	$(LIGHT)/bin/ruff format --check .

types: $(LIGHT)/ready  ## Static types of source, tests and benchmarks, as far as they go without torch
	! $(LIGHT)/bin/python -c 'import torch' 2>/dev/null
	$(LIGHT)/bin/mypy --allow-subclassing-any --allow-untyped-decorators --no-warn-return-any \
	  --no-warn-unused-ignores

quick: $(LIGHT)/ready  ## Tests that need neither torch nor a browser nor long
	$(LIGHT)/bin/python $(PYTEST) -m '$(QUICK)'

types-all: $(VENV)/ready  ## Static types with torch there, strict throughout
	$(BIN)/mypy

long: $(VENV)/ready  ## Tests that take long: training, browser, killed processes, notebooks
	$(BIN)/python $(PYTEST) -m 'not ($(QUICK))'

postgres: $(LIGHT)/ready  ## Tests in which SQL decides, again on a real PostgreSQL
	$(LIGHT)/bin/python $(PYTEST) --database postgresql -m 'postgres and not browser' tests/clinic

base: $(BASE)/ready  ## What a missing extra could break, in the base install alone
	! $(BASE)/bin/python -c 'import torch' 2>/dev/null
	$(BASE)/bin/python $(PIP) pytest hypothesis onnx
	$(BESIDE)/$(BASE)/bin/python $(AS_IS) -m 'not slow' installs radiograph/test_show.py \
	  radiograph/test_sample.py detector/test_show.py detector/test_explain.py \
	  cli/test_predict.py cli/test_demo.py

clinic: $(CLINIC)/ready  ## What a missing extra could break, in the clinic's install alone
	! $(CLINIC)/bin/python -c 'import torch' 2>/dev/null
	$(CLINIC)/bin/python $(PIP) pytest hypothesis onnx httpx2
	$(BESIDE)/$(CLINIC)/bin/python $(AS_IS) -m 'not slow' --ignore-glob '*browser*' installs cli/test_serve.py \
	  clinic/pages/intake clinic/operations/test_health.py

coverage: $(VENV)/ready  ## Quick and long tests with the lines that they reach
	$(BIN)/python $(PYTEST) --cov --cov-report=term

notebooks: $(VENV)/ready  ## Make the notebooks from their sources
	$(BIN)/jupytext --quiet --to ipynb notebooks/detector_covid19.py notebooks/covid19_detector.py

words: $(LIGHT)/ready  ## Add new sentences to the catalogues; fails while one lacks its Spanish
	$(LIGHT)/bin/python docs/words.py

docs: $(VENV)/ready  ## Build the guide's site into build/site; any warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

dist: $(LIGHT)/ready  ## Build wheel and source archive into dist
	rm -rf dist
	$(LIGHT)/bin/python -m hatchling build -d dist

clean:  ## Remove environments, caches and what was built
	rm -rf $(VENV) $(LIGHT) $(BASE) $(CLINIC) .mypy_cache .ruff_cache .pytest_cache .coverage* \
	  demo build dist
