# One command for each chore. `make test` is what the README and .ci/run call.
PY ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: start demo test test-fast lint format bench generate clean

$(STAMP): pyproject.toml
	$(PY) -c 'import sys; sys.exit("team-pack needs Python 3.9 or newer" if sys.version_info < (3, 9) else 0)'
	test -x $(BIN)/python || $(PY) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e '.[test,realtime,report,lsp,watch]'
	touch $@

test: $(STAMP)  ## everything: fast tests, then the real client
	scripts/dev/install-client >/dev/null
	@# Stories and measurements are real clients, brokers and clocks on a machine that may be busy: what failed is run once more, alone.
	@# Twice red is red.
	$(BIN)/python -m pytest -n 2 --ignore=tests/client || $(BIN)/python -m pytest --last-failed --ignore=tests/client
	$(BIN)/python -m pytest -n 2 tests/client || $(BIN)/python -m pytest --last-failed tests/client

test-fast: $(STAMP)  ## without the real client
	$(BIN)/python -m pytest -n 2 --ignore=tests/client

lint: $(STAMP)  ## the pack checks itself, the code is formatted, nothing generated has drifted
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check . || { echo "run 'make format'" >&2; false; }
	$(BIN)/pack lint .
	$(BIN)/python scripts/dev/generate.py --check
	$(BIN)/pack lint --check-rules references/rules.md

format: $(STAMP)  ## lay the code out
	$(BIN)/ruff format -q .

generate: $(STAMP)  ## rewrite generated blocks and files from the tables
	$(BIN)/python scripts/dev/generate.py

bench: $(STAMP)  ## what a hook costs, as ratios measured in one run
	$(BIN)/python bench/hooks.py

start: $(STAMP)  ## install the pack into your client, or show a scripted run where there is no key
	scripts/dev/start

demo: $(STAMP)  ## a whole scripted /build in the real client, printed as it happens
	scripts/demo

clean:
	rm -rf $(VENV) build *.egg-info

-include mk/*.mk
