# The real-time part: brokers, tests, generated twins of the team definitions.
.PHONY: install-brokers test-rt generate-teams

install-brokers: ## install the brokers that the real-time tests start
	scripts/dev/install-brokers

test-rt: ## real-time and report tests against real brokers
	$(or $(PYTHON),python3) -m pytest tests/realtime tests/report

generate-teams: ## rewrite the JSON twins of the team definitions
	PYTHONPATH=scripts $(or $(PYTHON),python3) -m pack.teams
