PYTHON ?= python3

.PHONY: run test check

# Serve the demo: everything it needs is installed below this folder. Ctrl-C stops it.
run:
	@$(PYTHON) config/bootstrap.py run

# What CI runs.
test:
	@$(PYTHON) config/bootstrap.py test

# The fast part: lint, types, imports, templates and the method's tests.
check:
	@$(PYTHON) config/bootstrap.py check
