# `make demo` and `make test` do all the set-up on a fresh machine with Python 3.11 or newer and a package index.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("py%d%d" % sys.version_info[:2])')
CONSTRAINTS := constraints/$(VERSION).txt
READY := $(VENV)/.ready-$(VERSION)
PEERS := $(VENV)/.peers-$(VERSION)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(wildcard $(CONSTRAINTS)),--constraint $(CONSTRAINTS))

# Tests are rewritten and imported by both workers, the program by hundreds of processes: compiled once is enough.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check proofs bench clean

$(READY): pyproject.toml $(wildcard $(CONSTRAINTS))
	$(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) --editable ".[dev]"
	touch $@

$(PEERS): $(READY)
	$(INSTALL) --constraint constraints/peers.txt --editable ".[dev,bench]" && touch $@ \
	  || echo "without the other tools, then: beside their goals will stand that they are not installed"

demo: $(READY)
	$(BIN)/orchestrate backtest configs/portfolio.yaml

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report=
	$(BIN)/python tests/coverage_gate.py

proofs: $(READY)
	WHOLE_RUNS=5 $(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or whole_runs"

bench: $(PEERS)
	$(BIN)/python -m pytest bench -s

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .bench
