# Targets of `pack lint`; the Makefile includes this file.
.PHONY: bench-lint rules-lint check-rules-lint

PYTHON ?= python3

bench-lint:  ## paired timings of pack lint and its peers (installs the peers outside the tree)
	PYTHONPATH=scripts $(PYTHON) bench/lint/bench.py $(BENCH_ARGS)

rules-lint:  ## write references/rules.md
	PYTHONPATH=scripts $(PYTHON) -m pack.cli.main lint --rules-markdown > references/rules.md.new
	mv references/rules.md.new references/rules.md

check-rules-lint:  ## fail when references/rules.md is out of date
	PYTHONPATH=scripts $(PYTHON) -m pack.cli.main lint --check-rules references/rules.md
