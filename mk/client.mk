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

slow-tests: $(STAMP)  ## run all and write tests/slow.txt: what takes longer than SECONDS
	$(BIN)/python -m pytest -n 2 --durations=0 --durations-min=$(or $(SECONDS),2) -m "not client and not broker" > build/durations.txt; \
	$(BIN)/python scripts/dev/slow_tests.py build/durations.txt
