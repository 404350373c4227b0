# Squads on several machines, on a PostgreSQL of the tests' own (scripts/dev/setup).
.PHONY: fleet-histories bench-fleet

fleet-histories: $(STAMP)  ## 20,000 histories of leases, simulated network, real SQL; prints what is wrong
	PYTHONPATH=scripts $(BIN)/python -m prove.leases $(or $(HISTORIES),20000) $(SEED)

bench-fleet: $(STAMP)  ## leases, status, shipping, hooks with and without a fleet
	$(BIN)/python bench/fleet/bench.py $(BENCH_ARGS)
