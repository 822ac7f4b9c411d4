# Every target makes what it needs: a fresh clone may start with `make demo`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The optional crate for the hot path is built where cargo is; see docs/native.md.
NATIVE := $(VENV)/.native
CARGO := $(shell command -v cargo)
NO_CARGO := cargo is not here: the portable backend does everything, more slowly (docs/native.md)

.PHONY: setup demo test check check-long native constant-time lint types imports generated proto clean

setup: $(STAMP) $(NATIVE)

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m compileall -q client.py server.py keys matcher
	@touch $@

# Absent cargo is said, and no error; a crate that does not build is one.
$(NATIVE): $(STAMP) $(wildcard native/src/*.rs native/src/*/*.rs native/src/*/*/*.rs) native/Cargo.toml native/Cargo.lock \
  native/concordat_native.pyi
ifdef CARGO
	@rm -rf native/target/wheels
	$(BIN)/maturin build --quiet --release --locked --manifest-path native/Cargo.toml --interpreter $(BIN)/python \
	  --out native/target/wheels
	$(BIN)/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps native/target/wheels/*.whl
else
	@echo "$(NO_CARGO)"
endif
	@touch $@

demo: setup
	$(BIN)/concordat demo

test: setup
	$(BIN)/pytest -q

check: lint types imports generated native test

# Every durable step broken, 500 kills, a million malformed messages, 64 parties at once, the log changed 10,000 times;
# a million values of each step of the crate; some fifteen minutes more for the faults, ten for the log, twenty for those.
check-long: check
	CONCORDAT_LONG_TESTS=1 $(BIN)/pytest -q tests/native/test_many.py
	CONCORDAT_MUTATIONS=210 $(BIN)/pytest -q tests/auditor/test_tampering.py
	$(BIN)/python -m bench.faults --json

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The crate's own lint and tests; those that hold it to the portable path are in tests/native.
native: setup
ifdef CARGO
	cd native && cargo fmt --check
	cd native && cargo clippy --quiet --locked --all-targets --no-default-features -- -D warnings
	cd native && cargo test --quiet --locked --release --no-default-features
else
	@echo "$(NO_CARGO)"
endif

# Valgrind looks for a branch or an index that depends on a secret, and must find the branch that `leak` puts there.
CONSTANT_TIME = valgrind --quiet --error-exitcode=1 --suppressions=native/constant_time.supp \
  native/target/constant-time/release/examples/constant_time
constant-time:
	cd native && CARGO_PROFILE_RELEASE_DEBUG=line-tables-only cargo build --quiet --locked --release \
	  --no-default-features --example constant_time --target-dir target/constant-time
	$(CONSTANT_TIME)
	! $(CONSTANT_TIME) leak 2>/dev/null

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
	rm -rf $(VENV) native/target build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
