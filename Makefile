# One command file. `make help` lists what there is; the words behind `##` are what it shows.
# Everything runs from .venv at the root, which the stamps in it keep in step with the lock files.

PYTHON ?=
DATA ?=
NEWEST := python3 python3.13 python3.12 python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --no-compile
LOCKED := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"
LOCK := $(BIN)/uv pip compile pyproject.toml $(LOCKED)

# Installs a lock file and names each package as it comes. The stamp, not the pipe's status, tells whether it succeeded.
define install
	@rm -f $@
	@{ $(PIP) --require-hashes -r $< && touch $@; } | while read -r doing what rest; do case "$$doing" in \
		Collecting|Processing) echo "  $${what##*/}" ;; \
		Installing) echo "  ... unpacking them" ;; \
	esac; done
	@test -f $@
endef

.DEFAULT_GOAL := help
.PHONY: help demo test check audit margins mutants bench bench-accuracy bench-peers proto lock clean setup setup-test

help: ## this list
	@echo "Concordat: one question, four nations, no record shared."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## four nodes and a coordinator answer real questions; DATA=<folder> takes real records
	@$(BIN)/python deploy/demo/run.py $(if $(DATA),--data "$(DATA)")

test: setup-test ## run the tests
	@echo "Running the tests on two processes."
	@$(BIN)/python -m pytest -n 2

check: setup-test ## style, types, walls between packages, generated code
	@echo "Style (ruff)"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@echo "Types (mypy, strict)"
	@$(BIN)/mypy .
	@echo "Walls between packages (import-linter)"
	@$(BIN)/lint-imports --no-cache
	@echo "The contract (buf)"
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code
	@echo "Generated code matches the .proto files"
	@$(BIN)/python tools/generate.py --check
	@echo "All checks passed."

audit: setup-test ## whether real nodes keep their claims, and mistakes are noticed; writes build/audit.json
	@PYTHONPATH=tests:deploy/demo $(BIN)/python -m audit.run

margins: setup-test ## how often 95% margins hold the truth, over 4,000 repetitions; writes build/margins.json
	@PYTHONPATH=tests $(BIN)/python -m audit.coverage

mutants: setup-test ## plant known mistakes one at a time; each must be caught by its test
	@PYTHONPATH=tests $(BIN)/python tests/mutants/plant.py

bench: setup-test ## measure against the bars; writes build/bench.json
	@PYTHONPATH=deploy/demo $(BIN)/python bench/measure.py

bench-accuracy: setup-test ## our errors beside other engines'; writes build/bench-accuracy.json
	@PYTHONPATH=bench:deploy/demo:tests $(BIN)/python -m accuracy.measure

bench-peers: setup-test ## our speed beside other engines'; writes build/bench-peers.json
	@PYTHONPATH=bench:deploy/demo $(BIN)/python bench/against_peers.py

proto: setup-test ## generate Python from the .proto files
	@$(BIN)/buf format --write
	@$(BIN)/python tools/generate.py

lock: setup-test ## resolve the dependencies again and pin them in requirements/
	@echo "Resolving; what the lock files pin stays unless pyproject.toml no longer allows it."
	@$(LOCK) --extra node --extra coordinator --group build -o requirements/run.txt
	@$(LOCK) --group dev -c requirements/run.txt -o requirements/test.txt
	@for peer in bench/peers/requirements/*.in; do $(BIN)/uv pip compile $$peer $(LOCKED) -o $${peer%.in}.txt; done

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(STAMPS)/house

setup-test: setup $(STAMPS)/test

# The first Python that is new enough and can make environments (Debian packs that part apart).
$(STAMPS)/python:
	@for python in $(PYTHON) $(NEWEST); do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Setting up in $(VENV), with $$python ($$($$python --version)). This happens once."; \
			$$python -m venv $(VENV) && mkdir -p $(STAMPS) && touch $@ && exit 0; \
			exit 1; \
		fi; \
	done; \
	echo "Python 3.11 or newer, with its venv module, is needed and none of these is it: $(PYTHON) $(NEWEST)." >&2; \
	echo "Install one (on Debian and Ubuntu: python3 and python3-venv), or name it: make PYTHON=/path/to/python" >&2; \
	exit 1

$(STAMPS)/run: requirements/run.txt $(STAMPS)/python
	@echo "Installing what Concordat runs on: $$(grep -c '==' $<) pinned packages (some 600 MB unpacked)."
	$(install)

$(STAMPS)/house: pyproject.toml $(STAMPS)/run
	@echo "Installing Concordat itself, editable."
	@$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/run
	@echo "Installing what tests and checks add."
	$(install)
