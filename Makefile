# Every target says in one sentence what it does; `make` alone prints them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-peers
LOCKER := .venv-lock
LOCK = $(LOCKER)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)
DEMO := artifacts/live-demo
WEB_DEMO := artifacts/web-demo
WEB_DEMO_TICKS := 9293

.DEFAULT_GOAL := help
.PHONY: help setup run dev live-demo web-demo test test-ci test-web pictures wheel-test check docs-output bench bench-compare bench-peers report lock sbom licences cluster-demo sweep-speedup install-service image image-context sim fuzz crash fuzz-frames planted mutants soak large load systemd structure clean

help: #-- List the targets.
	@grep -hE '^(## |[a-z-]+:.*#--)' $(MAKEFILE_LIST) | sed -E 's/^## (.*)/\n\1:/; s/:.*#-- /\t/' | expand -t 17

## To use it

setup: $(READY) #-- Make the virtual environment with the locked packages.

$(READY): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Python 3.11 to 3.14 is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

run: $(READY) #-- Replay the recorded sample session and print its trades, P&L and files.
	$(BIN)/run_fno_paper --config configs/sample.yaml

dev: $(READY) #-- Run a synthetic session at ten times real time, with live metrics.
	$(BIN)/run_fno_paper --config configs/dev.yaml --speed 10

live-demo: $(READY) #-- Serve a sample session with depth as Kite would and trade on it live, a minute long.
	rm -rf $(DEMO) && mkdir -p $(DEMO)
	@umask 077 && printf '{"version":1,"api_key":"demo","access_token":"demo","login_ts":%s000000000}\n' "$$(date +%s)" > $(DEMO)/kite.json
	@$(BIN)/run_fno_paper serve-ticks configs/sample_depth.parquet --speed 400 --port 9292 & server=$$!; \
	$(BIN)/run_fno_paper --config configs/live-demo.yaml & daemon=$$!; \
	while kill -0 $$server && kill -0 $$daemon; do sleep 0.5; done 2>/dev/null; \
	kill -TERM $$server $$daemon 2>/dev/null; wait $$daemon

web-demo: $(READY) #-- Trade a sample session with depth live, with a page and Kite's API on paper; Ctrl-C ends all (SPEED=60).
	@rm -rf $(WEB_DEMO) && mkdir -p $(WEB_DEMO)
	@sed 's|artifacts/live-demo|$(WEB_DEMO)|; s|live-demo|demo|; s|9292|$(WEB_DEMO_TICKS)|' configs/live-demo.yaml > $(WEB_DEMO)/demo.yaml
	@umask 077 && printf '{"version":1,"api_key":"demo","access_token":"demo","login_ts":%s000000000}\n' "$$(date +%s)" > $(WEB_DEMO)/kite.json
	@trap 'kill -TERM $$ticks $$daemon $$web 2>/dev/null; wait; exit 0' INT TERM EXIT; \
	$(BIN)/run_fno_paper serve-ticks configs/sample_depth.parquet --speed $(or $(SPEED),60) --port $(WEB_DEMO_TICKS) >$(WEB_DEMO)/ticks.log 2>&1 & ticks=$$!; \
	$(BIN)/run_fno_paper --config $(WEB_DEMO)/demo.yaml >$(WEB_DEMO)/daemon.log 2>&1 & daemon=$$!; \
	until [ -S $(WEB_DEMO)/accounts/demo/control.sock ]; do kill -0 $$daemon || { cat $(WEB_DEMO)/daemon.log; exit 1; }; sleep 0.2; done; \
	$(BIN)/run_fno_paper web demo --out $(WEB_DEMO) --port 0 & web=$$!; wait $$web

cluster-demo: $(READY) #-- Run a sweep on two dask nodes on loopback, kill one, and compare it with this machine's.
	@$(BIN)/python -m tests.lab.cluster_demo

sweep-speedup: $(READY) #-- Measure one sweep with one process and with two, in turns; minutes, on an idle machine (SPEEDUP=...).
	@$(BIN)/python -m tests.lab.sweep_speedup $(SPEEDUP)

report: $(READY) #-- Write the HTML report of the newest run.
	$(BIN)/run_fno_paper report

install-service: $(READY) #-- Install the service and its timer for your own user (systemd), and say how to use it.
	@configs/install_service.sh

image-context: $(READY) #-- Write what the image is built from to artifacts/image, for docker or podman.
	@configs/box/image.sh context

image: $(READY) #-- Build the image without a registry, on Debian packages (mmdebstrap, buildah; as root).
	@configs/box/image.sh build

## To develop it

test: $(READY) #-- Run the tests, two files at a time (WORKERS=0: one after the other).
	$(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadfile --no-loadscope-reorder

test-ci: $(READY) #-- Run what CI adds: random scenarios three times over, and tests too long for `make test`.
	RANDOM_TIMES=3 $(BIN)/python -m pytest -n $(or $(WORKERS),2) --timeout 1200 -m "(random or ci) and not by_hand"

test-web: $(READY) #-- Use the page in a real headless Chromium (FNO_NEED_BROWSER=1: fail without one).
	$(BIN)/python -m pytest -m "ci and not by_hand" tests/browser tests/charts

pictures: $(READY) #-- Take the pictures of docs/PAGE.md again, with the browser of test-web.
	$(BIN)/python -m tests.browser.pictures --to docs/pictures

wheel-test: $(READY) #-- Build the wheel, install it into a fresh environment elsewhere, and use it.
	$(BIN)/python -m pytest -m ci tests/wheel

sim: $(READY) #-- Simulate seeds of the daemon with faults on a virtual clock (SEEDS=1000 SEED=0).
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000) --first $(or $(SEED),0)

fuzz: $(READY) #-- Damaged bytes for every decoder, for MINUTES=10, or INPUTS=72000.
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),10) --inputs $(or $(INPUTS),0)

fuzz-frames: $(READY) #-- A million damaged frames of ticks.
	$(BIN)/python -m tests.fuzz --only frames --inputs 1000000

crash: $(READY) #-- Kill, fail and harm runs at every system call, for up to an hour (CRASH="--tier ci" for a sample).
	$(BIN)/python -m tests.crash $(CRASH)

planted: $(READY) #-- Plant 44 bugs in a copy, one at a time; the tests must catch each.
	$(BIN)/python -m tests.planted

mutants: $(READY) #-- Change the program in small ways; the tests must catch 95 % (MUTANTS="--each 30").
	RANDOM_TIMES=1 $(BIN)/python -m tests.mutants $(MUTANTS)

soak: $(READY) #-- Trading days on end, weighed: DAYS=5 on a virtual clock, or REAL_MINUTES=15.
	$(BIN)/python -m tests.soak --days $(or $(DAYS),5) --opening $(or $(OPENING),09:14) --real-minutes $(or $(REAL_MINUTES),0)

large: $(READY) #-- 100,000 positions closed by one input, a start on 1,000,000 events.
	$(BIN)/python -m tests.large

load: $(READY) #-- The daemon's exits with the page in heavy use and without, in turns (ROUNDS=10 SECONDS=60 EVENTS=1000000; API=1: programs instead).
	$(BIN)/python -m tests.load --rounds $(or $(ROUNDS),10) --seconds $(or $(SECONDS),60) --events $(or $(EVENTS),1000000) $(if $(API),--api)

systemd: $(READY) #-- The real unit under the real systemd in a machine of namespaces (as root).
	$(BIN)/python -m tests.systemd

structure: $(READY) #-- Lengths, complexity, rooms and hops in figures (BEFORE=DIR: an earlier checkout too).
	$(BIN)/python -m tests.structure $(if $(BEFORE),--before $(BEFORE))

check: $(READY) #-- Lint, check types, look for what is unsafe.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive daemon feeds strategies run_fno_paper.py

lock: #-- Resolve the lock files again after a change of pyproject.toml (UPGRADE=1: newest versions).
	$(PYTHON) -m venv $(LOCKER)
	$(LOCKER)/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --extra web --extra alerts -c requirements-dev.lock -o configs/box/requirements.lock

sbom: $(READY) #-- Write the bill of materials (CycloneDX) to artifacts/sbom.cdx.json.
	$(BIN)/python -m tests.supply sbom --to artifacts/sbom.cdx.json

licences: $(READY) #-- Write docs/LICENCES.md from the lock files and what the packages state.
	$(BIN)/python -m tests.supply licences --to docs/LICENCES.md

docs-output: $(READY) #-- Write what the sample run prints into README.md and the guide.
	$(BIN)/python tests/docs_output.py

bench: $(READY) #-- Measure speed and memory, print one table, keep artifacts/bench.json (BENCH="--only start w1").
	$(BIN)/python -m tests.bench $(if $(wildcard $(PEERS)/.ready),--peers $(PEERS)/bin/python) $(BENCH)

bench-compare: $(READY) #-- Measure again and show what lost more than a tenth against the kept run (BENCH="--only start").
	$(BIN)/python -m tests.bench --compare $(if $(wildcard $(PEERS)/.ready),--peers $(PEERS)/bin/python) $(BENCH)

bench-peers: $(READY) $(PEERS)/.ready #-- Install three other programs into a venv of their own, and measure beside them.
	$(BIN)/python -m tests.bench --only peers --peers $(PEERS)/bin/python --out artifacts/bench-peers.json

$(PEERS)/.ready: tests/bench/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/peers/requirements.txt
	@touch $(PEERS)/.ready

clean: #-- Remove the virtual environment and the caches (never a run's files).
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build ./*.egg-info
