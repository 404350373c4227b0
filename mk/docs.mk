# The documentation site, its pictures, the evals.
.PHONY: docs pictures evals

docs: $(STAMP)  ## the site from docs/ and references/ into build/site; broken links fail
	$(BIN)/python -m sphinx -q -W --keep-going -c docs/site -d build/doctrees . build/site
	@echo "build/site/docs/index.html"

pictures: $(STAMP)  ## the pictures of README and docs, from a run that is played anew in the real client
	$(BIN)/python scripts/dev/pictures.py

evals: $(STAMP)  ## with a key of yours: what only a real model can show; says before what it will cost, and asks
	$(BIN)/python scripts/dev/evals.py $(EVAL_ARGS)
