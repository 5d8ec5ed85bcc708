# Two commands matter: `make serve` reads the book, `make test` checks every example in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The locale and the hash seed must not reach what is built or printed.
export PYTHONHASHSEED := 0
export NO_MKDOCS_2_WARNING := 1

.PHONY: serve build test update format lint benchmark screenshot frameworks lock clean

serve: $(VENV)/.ready
	$(BIN)/mkdocs serve

build: $(VENV)/.ready
	$(BIN)/mkdocs build --strict

# With CI=true the frameworks are installed first and no test may be skipped. The tests use all cores,
# up to four, each with one thread.
test: $(VENV)/.ready $(if $(CI),frameworks)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

# Rewrites every expected output in the pages with what its block prints now.
update: $(VENV)/.ready
	$(BIN)/python docs/_hooks/book update

format: $(VENV)/.ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: $(VENV)/.ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python docs/_hooks/book lint

benchmark: $(VENV)/.ready
	$(BIN)/python tests/benchmarks

# The picture in the README; needs Chromium.
screenshot: $(VENV)/.ready
	$(BIN)/python docs/_hooks/book/screenshot.py

# PyTorch and JAX, for the framework tabs. PyTorch's builds differ by platform, so it has no hash.
frameworks: $(VENV)/.frameworks

$(VENV)/.frameworks: requirements-frameworks.lock | $(VENV)/.ready
	$(PIP) install --quiet --require-hashes -r requirements-frameworks.lock
	$(PIP) install --quiet torch==2.13.0
	touch $@

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5) and "calcml needs Python 3.11.5 or newer: this is " + sys.version.split()[0] + ". Name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Needs uv. One resolution for every Python, so that printed numbers do not depend on the reader's.
LOCK := uv pip compile --quiet --universal --python-version 3.11.5 --fork-strategy fewest --generate-hashes --custom-compile-command "make lock"
lock:
	$(LOCK) --extra plot --group dev -o requirements.lock pyproject.toml
	printf 'jax==0.10.2\nfilelock\nsympy\nnetworkx\njinja2\nfsspec\ntyping-extensions\n' | $(LOCK) -c requirements.lock -o requirements-frameworks.lock -

clean:
	rm -rf $(VENV) .cache site
