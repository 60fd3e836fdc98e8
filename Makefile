# Set-up is part of every target: `make demo` and `make test` work on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE := 1

.PHONY: install demo test check bench docs lock clean

install: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: install
	$(BIN)/curate demo --overwrite

test: check
	$(BIN)/python -m pytest -n auto

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/training_fields.py --check
	$(BIN)/python docs/generate.py --check

docs: install
	$(BIN)/python docs/training_fields.py
	$(BIN)/python docs/generate.py

bench: install
	$(BIN)/python benchmarks/run.py

# torch is held at the version that has a CPU wheel without CUDA packages.
lock: install
	printf 'torch==2.13.0\n' > .venv/constraints.txt
	$(BIN)/pip-compile --quiet --extra tune --extra semantic --extra quantize --extra ray --extra dev --strip-extras --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--constraint .venv/constraints.txt --output-file requirements.lock pyproject.toml
	sed -i.bak 's/^torch==2.13.0+.*/torch==2.13.0/' requirements.lock && rm requirements.lock.bak

clean:
	rm -rf .venv build dist demo
