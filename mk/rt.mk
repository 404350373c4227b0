# The real-time part: brokers and tests.
.PHONY: install-brokers test-rt

install-brokers: ## install the brokers that the real-time tests start
	scripts/dev/install-brokers

test-rt: ## real-time and report tests against real brokers
	$(or $(PYTHON),python3) -m pytest tests/realtime tests/report
