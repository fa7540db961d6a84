# Each target works by itself on a fresh clone: what it needs, it sets up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export RAY_USAGE_STATS_ENABLED := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup check test demo docs bench clean
help:            ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## a virtual environment with everything that curation and its tests need
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Python 3.11 or newer is needed, found {v.major}.{v.minor}: make PYTHON=python3.11 setup")'
	@echo "setup: curation and tests into $(VENV) (no torch: nothing here needs a GPU)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[curation,dev]'
	@touch $(READY)

check: $(READY)  ## ruff, formatting, pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

test: $(READY)   ## every test that needs no GPU; real data and Ray included where they are there
	$(BIN)/python -m pytest -m "not gpu"

demo: $(READY)   ## a small synthetic sky, from mosaics to the hand-over and its report
	$(BIN)/python -m curation demo --out demo

docs: $(READY)   ## docs/tables.md, written from schemas/tables.py
	$(BIN)/python -m schemas > docs/tables.md

bench: $(READY)  ## speed against peers, as ratios
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/cutouts.py

clean:           ## what the demo made
	rm -rf demo
