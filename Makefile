# Two commands do everything on a machine with Python ≥ 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install demo test lint types imports docs unit clean

help:            ## what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*##/\t/'

install: .venv/installed  ## make .venv with everything that demo, tests and docs need

.venv/installed: pyproject.toml constraints.txt Makefile
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "FlashSim needs Python 3.11 or later; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary --constraint constraints.txt --editable '.[dev,geant4,jets,onnx,stablehlo]'
	touch $@

demo: install    ## train on Geant4 data, validate, simulate: ends with the path of the report
	$(BIN)/flashsim demo

test: install    ## everything that must hold before a change lands
	$(MAKE) -j2 --output-sync lint types imports docs
	$(MAKE) unit

lint: install
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs

types: install
	$(BIN)/pyright

imports: install
	$(BIN)/lint-imports

docs: install    ## build the documentation into site/, warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

unit: install
	$(BIN)/pytest --numprocesses 2 --dist worksteal

clean:           ## remove what the other targets made, but the demo
	rm -rf .venv site .pytest_cache .ruff_cache .import_linter_cache .hypothesis
