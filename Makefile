# One command for each chore. `make test` is what the README and .ci/run call.
PY ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: start demo python test test-fast lint format bench generate clean

python:
	@$(PY) -c 'import sys; sys.exit("team-pack needs Python 3.9 or newer" if sys.version_info < (3, 9) else 0)'

$(STAMP): pyproject.toml | python
	test -x $(BIN)/python || $(PY) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e '.[test,realtime,report,lsp,watch,fleet,schemas,eventstore,cluster,otel,docs,browser]'
	touch $@

# A story mostly waits for its client: more workers than cores. What takes longest begins first (tests/running.py).
WORKERS ?= 4

test: $(STAMP)  ## everything, the real client and the brokers too; the last line says what was skipped and what brings it
	scripts/dev/install-client >/dev/null
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-fast: $(STAMP)  ## under 90 s: without the real client, brokers and what tests/slow.txt names
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not client and not broker"

lint: $(STAMP)  ## the pack checks itself, the code is formatted, its types hold, nothing generated has drifted
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check . || { echo "run 'make format'" >&2; false; }
	$(BIN)/python -m mypy
	$(BIN)/pack lint .
	$(BIN)/python scripts/dev/generate.py --check

format: $(STAMP)  ## lay the code out
	$(BIN)/ruff format -q .

generate: $(STAMP)  ## rewrite generated blocks and files from the tables
	$(BIN)/python scripts/dev/generate.py

bench: $(STAMP)  ## what a hook costs, as ratios measured in one run
	$(BIN)/python bench/hooks.py
	$(BIN)/python bench/result.py $(if $(BASE),--base $(BASE))

# These two need nothing but Python: what the tests are made of takes minutes to download.
start: python  ## install the pack into your client, or show a scripted run where there is no key
	scripts/dev/start

demo: python  ## a whole scripted /build in the real client, printed as it happens
	scripts/demo

clean:
	rm -rf $(VENV) build dist *.egg-info

-include mk/*.mk
