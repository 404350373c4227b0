# What a run costs.
.PHONY: bench-cost

bench-cost: $(STAMP)  ## calls and tokens of whole runs, with and without the plugin; BASE=REVISION measures that one too
	$(BIN)/python bench/cost/bench.py $(if $(BASE),--base $(BASE)) $(BENCH_ARGS)
