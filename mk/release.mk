# A release: `make release VERSION=0.3.0`; `make rehearse VERSION=0.3.0` does the same in a clone that is thrown away.
.PHONY: release rehearse

release: $(STAMP)  ## version everywhere, changelog, commit, tag, wheel, entry for a marketplace; pushes nothing
	$(BIN)/python scripts/dev/release $(or $(VERSION),$(error say which: make release VERSION=0.3.0)) $(if $(URL),--url $(URL))

rehearse: $(STAMP)  ## the same in a clone
	$(BIN)/python scripts/dev/release --rehearse $(or $(VERSION),$(error say which: make rehearse VERSION=0.3.0)) $(if $(URL),--url $(URL))
