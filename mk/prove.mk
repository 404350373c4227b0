# The proof (references/assurance.md). FIGURES keeps what the runs measured; `make assurance` writes the page from it.
# PROVER explores: `make prove PROVER=pypy3` (Debian's pypy3) takes half the time and more memory.
FIGURES ?= build/figures
PROVER ?= $(BIN)/python
.PHONY: prove prove-small prove-long assurance mutants

prove: $(STAMP)  ## the explorer: at least three million states; prints states, time and the properties by name
	mkdir -p $(FIGURES)
	PYTHONPATH=scripts $(PROVER) -m prove explore --json $(FIGURES)/explorer.json

prove-small: $(STAMP)  ## the explorer on small models, under a minute
	$(BIN)/python -m prove explore --small

mutants: $(STAMP)  ## every guard removed in turn: who notices; GUARD=name tries that one alone, in seconds
	mkdir -p $(FIGURES)
	$(BIN)/python -m prove.mutate $(if $(GUARD),--guard $(GUARD),--json $(FIGURES)/mutants.json)

prove-long: $(STAMP)  ## every way of writing from Bash, 10,000 kills, 100,000 operations of 64 writers, every byte, 100,000 fuzzed payloads, 2,000 simulated runs, 2,700 hostile ones, 60 runs of the real client with kill -9
	mkdir -p $(FIGURES)
	PROVE_FIGURES=$(abspath $(FIGURES)) $(BIN)/python -m pytest -q tests/faults/test_bash_ways.py tests/client/test_sandbox.py
	REVIVE_SEEDS=$(or $(SEEDS),60) PROVE_FIGURES=$(abspath $(FIGURES)) $(BIN)/python -m pytest -q tests/client/test_revive.py
	$(BIN)/python -m prove.long --json $(FIGURES)/long.json

assurance: $(STAMP)  ## write references/assurance.md from the figures
	$(BIN)/python -m prove.assurance $(FIGURES)
