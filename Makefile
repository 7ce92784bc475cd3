# Every target sets up what it needs by itself, and is quick the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tests start programs by the dozen, and without bytecode each compiles ccxt for ten seconds.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install

.PHONY: demo run test check lint bench pictures lock clean

demo: $(VENV)/run.stamp
	@echo "A simulated market starts; it takes a few seconds."
	@$(BIN)/skewbell demo $(ARGS)

run: $(VENV)/run.stamp
	@$(BIN)/skewbell run

# Two cores are kept busy by three workers: some of the tests wait for a program.
test: $(VENV)/dev.stamp
	$(BIN)/pytest -n 3 --dist worksteal --cov --cov-report=term-missing:skip-covered
	$(BIN)/coverage report --fail-under=100 --include='monitors/market.py,monitors/liquidation.py,monitors/metrics/*,monitors/alerts/*,monitors/engine.py'

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/mypy
	$(BIN)/basedpyright

check: lint test

bench: $(VENV)/bench.stamp
	$(BIN)/python -m tests.benchmarks

# The README's pictures; needs Debian's chromium, pngquant, fonts-roboto, fonts-dejavu and fonts-noto-color-emoji.
pictures: $(VENV)/dev.stamp
	$(BIN)/python -m tests.pictures

# Versions and hashes without addresses; run by hand after a change of pyproject.toml.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --quiet install uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate pyproject.toml --group dev --output-file requirements/dev.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate pyproject.toml --group build --constraint requirements/dev.txt \
		--output-file requirements/run.txt
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --no-deps --group pyproject.toml:bench --output-file requirements/bench.txt
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/python.stamp:
	@echo "Setting up $(VENV), once: about a minute."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Skewbell needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp requirements/run.txt pyproject.toml
	@$(PIP) --no-compile --require-hashes --requirement requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@$(PIP) --no-compile --require-hashes --requirement requirements/dev.txt
	@touch $@

# Without what else cryptofeed asks for: its parser does without, and aiodns would change how aiohttp resolves names.
$(VENV)/bench.stamp: $(VENV)/dev.stamp requirements/bench.txt
	@$(PIP) --no-compile --no-deps --require-hashes --requirement requirements/bench.txt && touch $@ \
		|| echo "cryptofeed could not be installed (it takes a C compiler): nothing is compared with it."
