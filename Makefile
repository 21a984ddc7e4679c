# Two commands do everything on a fresh machine: make demo, make test.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: demo test test-long lint types imports docs fuzz bench bench-full lock clean

demo: $(READY)
	$(VENV)/bin/m2b demo

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(READY)
	$(VENV)/bin/mypy

imports: $(READY)
	$(VENV)/bin/lint-imports

test: lint types imports
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist worksteal -m "not slow"

test-long: $(READY)
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist worksteal

docs: $(READY)
	$(VENV)/bin/python -m tools.reference
	$(VENV)/bin/python -m tools.readme

FORMAT ?= nem12
SECONDS ?= 60

fuzz: $(READY)
	$(VENV)/bin/python -m tests.fuzz.fuzz_reader $(FORMAT) --seconds $(SECONDS)

PEERS := .cache/peers

$(PEERS)/.ready: benchmarks/peers.lock
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement benchmarks/peers.lock
	touch $(PEERS)/.ready

bench: $(READY) $(PEERS)/.ready
	$(VENV)/bin/python benchmarks/run.py --peers-python $(PEERS)/bin/python

bench-full: $(READY) $(PEERS)/.ready
	$(VENV)/bin/python benchmarks/run.py --full --peers-python $(PEERS)/bin/python

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock

clean:
	rm -rf $(VENV) store demo_inbox .cache
