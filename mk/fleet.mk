# Squads on several machines, on a PostgreSQL of the tests' own (scripts/dev/setup).
.PHONY: fleet-histories fleet-processes bench-fleet fleet-hosts

fleet-histories: $(STAMP)  ## 20,000 histories of leases, simulated network, real SQL; prints what is wrong
	PYTHONPATH=scripts $(BIN)/python -m prove.leases $(or $(HISTORIES),20000) $(SEED)

fleet-processes: $(STAMP)  ## 500 histories of real shippers that are killed, stopped and woken, on a server that is killed
	PYTHONPATH=scripts $(BIN)/python -m prove.processes $(or $(HISTORIES),500) $(SEED)

bench-fleet: $(STAMP)  ## leases, status, shipping, hooks with and without a fleet
	$(BIN)/python bench/fleet/bench.py $(BENCH_ARGS)

fleet-hosts: $(STAMP)  ## three squads on three hosts with the real client, a sprint to its exit criteria (root: network namespaces)
	$(BIN)/python tests/client/hosts.py
