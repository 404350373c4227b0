# The real client: what a release changes, stories on a client of your choice.
.PHONY: client-diff client-facts test-client test-newest slow-tests

CLIENT ?= newest
# A part that stands for the rest on a client that is not the pinned one: headless and terminal, honest and not, typed words, panes, modes
SOME = honest-simple or honest-terminal or honest-panes or rules-working or rules-identity or typed-abort or mode- or client_says or toy

client-diff:  ## what CLIENT (a version, `newest` or a path) changes for gate and linter
	scripts/dev/client-facts $(CLIENT) --diff

client-facts:  ## write down what CLIENT is
	scripts/dev/client-facts $(CLIENT) --write

test-client: $(STAMP)  ## every story on CLIENT
	TEAM_CLIENT=$(CLIENT) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/client

test-newest: $(STAMP)  ## some stories on the newest client
	TEAM_CLIENT=newest $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/client -m client -k "$(SOME)"

slow-tests: $(STAMP)  ## measure the CPU time of all tests but the real client's and the brokers', and write tests/slow.txt
	mkdir -p build
	PACK_TEST_CPU=build/cpu.json $(BIN)/python -m pytest -n 2 --dist worksteal -m "not client and not broker"; \
	$(BIN)/python scripts/dev/slow_tests.py build/cpu.json
