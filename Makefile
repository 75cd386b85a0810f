PYTHON ?= python3

MINUTES ?= 5
PROFILES ?= 10000

.PHONY: run test check messages soak screenshots bench-grading bench-pages fuzz-api

# Serve the demo: everything it needs is installed below this folder. Ctrl-C stops it.
run:
	@$(PYTHON) config/bootstrap.py run

# What CI runs.
test:
	@$(PYTHON) config/bootstrap.py test

# The fast part: lint, types, imports, templates and the method's tests.
check:
	@$(PYTHON) config/bootstrap.py check

# Find what there is to translate, and make what Django reads of what has been translated; both are committed.
messages:
	@$(PYTHON) config/bootstrap.py messages

# Random edits for MINUTES, while what grades them crashes, is killed and stopped; fails if any grade is wrong in the end.
# SEED=7 starts from the same choices as an earlier run did.
soak:
	@$(PYTHON) config/bootstrap.py soak $(MINUTES) $(SEED)

# Pictures of every kind of page, to be looked at: three widths, both schemes, and print. PAGES="/ /profiles/" takes some.
screenshots:
	@$(PYTHON) config/bootstrap.py screenshots $(PAGES)

# How fast grades move, on servers of its own; prints a table. Wants a machine that does nothing else.
bench-grading:
	@$(PYTHON) config/bootstrap.py bench-grading --profiles $(PROFILES)

# What a page costs: kept, made, searched for, behind a tier; beside a bare Django view on the same server. Prints a table.
bench-pages:
	@$(PYTHON) config/bootstrap.py bench-pages --profiles $(PROFILES)

# Ask the API whatever its description allows and much that it does not. Installs Schemathesis below .data the first time.
fuzz-api:
	@$(PYTHON) config/bootstrap.py fuzz-api
