# Every target says in one sentence what it does; `make` alone prints them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run dev test check bench report clean

help: #-- List the targets.
	@grep -hE '^[a-z-]+:.*#--' $(MAKEFILE_LIST) | sed -E 's/:.*#-- /\t/' | expand -t 12

setup: $(READY) #-- Make the virtual environment with the locked packages.

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

run: $(READY) #-- Replay the recorded sample session and print its trades, P&L and files.
	$(BIN)/run_fno_paper --config configs/sample.yaml

dev: $(READY) #-- Run a synthetic session at ten times real time, with live metrics.
	$(BIN)/run_fno_paper --config configs/dev.yaml --speed 10

report: $(READY) #-- Write the HTML report of the newest run.
	$(BIN)/run_fno_paper report

test: $(READY) #-- Run the tests.
	$(BIN)/python -m pytest

check: $(READY) #-- Lint and check types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) #-- Measure speed and memory, print one table, write artifacts/bench.json.
	$(BIN)/python -m tests.bench

clean: #-- Remove the virtual environment and the caches (never a run's files).
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build ./*.egg-info
