# Targets of `pack lint`; the Makefile includes this file.
.PHONY: bench-lint

PYTHON ?= python3

bench-lint:  ## paired timings of pack lint and its peers (installs the peers outside the tree)
	PYTHONPATH=scripts $(PYTHON) bench/lint/bench.py $(BENCH_ARGS)
