# Every target makes what it needs: a fresh clone may start with `make demo`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check check-long lint types imports generated proto clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/concordat demo

test: setup
	$(BIN)/pytest -q

check: lint types imports generated test

# Every durable step broken, 500 kills, a million malformed messages, 64 parties at once; some twenty minutes.
check-long: check
	$(BIN)/python -m bench.faults --json

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# The contract's generated code is committed; this fails when it is not what the contract says.
generated: setup
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(MAKE) --no-print-directory proto WIRE="$$tmp" \
	  && for f in concordat_pb2.py concordat_pb2.pyi concordat_pb2_grpc.py; do \
	    cmp "$$tmp/matcher/wire/$$f" "matcher/wire/$$f" || { echo "run: make proto"; exit 1; }; done

WIRE ?= .
proto: setup
	@mkdir -p $(WIRE)/matcher/wire
	$(BIN)/python -m grpc_tools.protoc -Imatcher/wire=proto/concordat/v1 --python_out=$(WIRE) --pyi_out=$(WIRE) \
	  --grpc_python_out=$(WIRE) matcher/wire/concordat.proto

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
