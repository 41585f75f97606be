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
# Compiled when first imported: most of what comes with torch never is.
PIP    := -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt
# A quick test waits for a fifth of its time: one worker more than processors. The long ones need both.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
PYTEST := -m pytest --dist loadgroup --durations=15 --numprocesses
QUICK  := not slow and not browser and not train
# A second install runs tests from beside the source, so that only what is installed is imported.
BESIDE := cd tests && ..
AS_IS  := -m pytest -c ../pyproject.toml --rootdir .. -q
SOURCE := $(shell find src -type f -not -name '*.pyc')
# Tests start hundreds of processes: what these import is compiled once, not by each of them.
unexport PYTHONDONTWRITEBYTECODE
# Torch's own threads fight with pytest's workers on small machines.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help environment serve demo test test-all rest installs deep lint types quick types-all long postgres \
  base clinic words docs notebooks coverage locks audit dist clean

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

environment: $(VENV)/ready  ## Everything there is, torch too, for `make test-all`

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --upgrade pip
	$(BIN)/python $(PIP) --editable '.[dev]'
	touch $@

serve: $(CLINIC)/ready  ## Install the clinic (no torch) and run it; open the address that it prints
	$(CLINIC)/bin/covid-d serve

demo: $(BASE)/ready  ## Install the base (no torch) and assess a real chest film
	$(BASE)/bin/covid-d demo --out demo

test: lint  ## Lint, types and every quick test; no torch, minutes
	$(MAKE) --jobs 2 types quick

test-all: test  ## Every check there is
	$(MAKE) rest

rest:  ## What `make test` leaves out
	$(MAKE) --jobs 2 installs
	$(MAKE) deep

# The tests of the two small installs go beside the making of the large one.
installs: environment base clinic audit  ## Every install, and what a missing extra could break in the small ones

deep:  ## Every test that takes long, beside what keeps one core busy; then those on PostgreSQL
	$(MAKE) --jobs 2 long types-all docs
	$(MAKE) postgres

lint: $(LIGHT)/ready  ## Style
	$(LIGHT)/bin/ruff check .
	$(LIGHT)/bin/ruff format --check .

types: $(LIGHT)/ready  ## Static types of source, tests and benchmarks, as far as they go without torch
	! $(LIGHT)/bin/python -c 'import torch' 2>/dev/null
	$(LIGHT)/bin/mypy

quick: $(LIGHT)/ready  ## Tests that need neither torch nor a browser nor long
	$(LIGHT)/bin/python $(PYTEST) $(WORKERS) -m '$(QUICK)'

types-all: $(VENV)/ready  ## Static types with torch there, strict throughout
	$(BIN)/mypy

long: $(VENV)/ready  ## Tests that take long: training, browser, killed processes, notebooks
	$(BIN)/python $(PYTEST) 2 -m 'not ($(QUICK))'

postgres: $(LIGHT)/ready  ## Tests in which SQL decides, again on a real PostgreSQL
	$(LIGHT)/bin/python $(PYTEST) $(WORKERS) --database postgresql -m 'postgres and not browser' tests/clinic tests/pacs

base: $(BASE)/ready  ## What a missing extra could break, in the base install alone
	! $(BASE)/bin/python -c 'import torch' 2>/dev/null
	$(BASE)/bin/python $(PIP) pytest hypothesis onnx
	$(BESIDE)/$(BASE)/bin/python $(AS_IS) -m 'not slow' installs radiograph/test_show.py \
	  radiograph/test_sample.py detector/test_show.py detector/test_explain.py \
	  cli/test_predict.py cli/test_answers.py cli/test_demo.py

clinic: $(CLINIC)/ready  ## What a missing extra could break, in the clinic's install alone
	! $(CLINIC)/bin/python -c 'import torch' 2>/dev/null
	$(CLINIC)/bin/python $(PIP) pytest hypothesis onnx httpx2 pypdf
	$(BESIDE)/$(CLINIC)/bin/python $(AS_IS) -m 'not slow and not browser' installs cli/test_serve.py \
	  clinic/pages/intake clinic/operations/test_health.py

coverage: $(VENV)/ready  ## Quick and long tests with the lines that they reach
	$(BIN)/python $(PYTEST) 2 --cov --cov-report=term

FILMS ?= $(wildcard ../shared/data)

notebooks: $(VENV)/ready  ## Run the notebooks and keep their outputs, but no film: half an hour
	$(BIN)/python notebooks/build.py $(if $(FILMS),--films $(FILMS))

notebooks-words: $(VENV)/ready  ## Renew the text of the notebooks; their code must be as it was
	$(BIN)/python notebooks/build.py --words

words: $(LIGHT)/ready  ## Add new sentences to the catalogues; fails while one lacks its Spanish
	$(LIGHT)/bin/python docs/words.py

docs: $(VENV)/ready  ## Build the guide's site into build/site; any warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

locks: $(LIGHT)/ready  ## Lock what each install set needs, with hashes, into locks/
	$(LIGHT)/bin/python locks/lock.py

audit: $(LIGHT)/ready  ## Ask a database whether a locked dependency is known to be unsafe
	$(LIGHT)/bin/python locks/audit.py

dist: $(LIGHT)/ready  ## Build wheel, source archive and bills of materials (CycloneDX) into dist
	rm -rf dist
	$(LIGHT)/bin/python -m hatchling build -d dist
	for set in base clinic clinic-postgres; do \
	  $(LIGHT)/bin/python -m cyclonedx_py requirements locks/$$set.txt --output-reproducible \
	    --output-format JSON --output-file dist/covid-d-$$set.cdx.json || exit 1; \
	done

clean:  ## Remove environments, caches and what was built
	rm -rf $(VENV) $(LIGHT) $(BASE) $(CLINIC) .mypy_cache .ruff_cache .pytest_cache .coverage* \
	  demo build dist
