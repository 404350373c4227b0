# The real-time part: brokers, tests, and the instrument beside bare clients.
.PHONY: install-brokers test-rt bench-rt test-flink test-root

install-brokers: ## install the brokers that the real-time tests start
	scripts/dev/install-brokers

test-rt: ## real-time and report tests against real brokers
	$(or $(PYTHON),python3) -m pytest tests/realtime tests/report

test-root: $(STAMP) ## as root: what needs network namespaces and mounts, on several machines made of them
	$$([ "$$(id -u)" = 0 ] || echo sudo) $(BIN)/python -m pytest -rs tests/realtime/test_cluster.py tests/fleet/test_faults.py

test-flink: $(STAMP) ## the stream tests on a real Flink: installs it (353 MB) and a JDK, five minutes
	scripts/dev/try-flink $(BIN)/python

bench-rt: $(STAMP) ## the probe beside bare clients of the same libraries, as ratios measured in one run
	$(BIN)/python bench/rt/bench.py
	$(BIN)/python bench/rt/throughput.py
