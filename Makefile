# make demo         set up .venv, install the package, segment a real micrograph
# make test         everything that the tests need, and the whole suite under PyQt6; what has
#                   widgets, keys and the mouse once more under PySide6
# make quick        the tests that open no window and take no seconds: under two minutes, as you work
# make lint         ruff, mypy, and the plugin manifest
# make docs         the site in site/: the pages of docs/ and the Python API; broken links end it
# make wheel-check  what the plugin manager does: a built wheel in a clean environment
# make clean        remove what these made
#
# make test-slow    the largest models, and more walks through a stack: minutes and gigabytes more
#
# PYTHON=python3.12 chooses the interpreter, PYTEST="tests/cli -x" a part of the tests, and
# QT=pyside6 the Qt that they run under; JOBS=8 how many of them run at once.

PYTHON ?= python3
PYTEST ?=
QT ?=
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
# An editable install: only a change of the two files named in the rules below needs another one.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e

# Each job has one processor: more threads than these only wait for each other.
RUN := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal
# Under the other Qt, what asks most of it; all windows twice would take over half an hour.
WINDOWS := $(addprefix tests/plugin/,classes dock follow clicks/test_keys.py clicks/test_mouse.py \
    everything/test_everything.py labels/test_restore.py layers/test_read_prompts.py \
    results/test_measure.py table worker/test_jobs.py)
under = QT_API=$(1) PYTEST_QT_API=$(1)

.PHONY: demo test quick test-slow lint docs wheel-check clean

demo: $(VENV)/.package
	$(BIN)/napari-sam demo --overwrite

test: $(VENV)/.dev
	$(BIN)/python .ci/system_libraries.py
	$(if $(QT),$(call under,$(QT))) $(RUN) $(PYTEST)
	$(if $(QT)$(PYTEST),,$(call under,pyside6) $(RUN) $(WINDOWS))

quick: $(VENV)/.dev
	$(RUN) -m "not slow and not long and not window" $(PYTEST)

test-slow: PYTEST += -m slow
test-slow: test

lint: $(VENV)/.dev
	$(BIN)/python .ci/system_libraries.py
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/npe2 validate --imports napari-sam-microscopy

# The docstrings are read and not imported, so the site needs neither napari nor Qt. With --quiet,
# mkdocs would count no warnings, and the build would not be strict.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "The site is in site/index.html"

wheel-check: $(VENV)/.created
	$(BIN)/python .ci/system_libraries.py
	.ci/wheel-check $(BIN)/python

clean:
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests training benchmarks .ci -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || \
	    { echo "no $(PYTHON) here: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) .ci/check_python.py
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.package: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing napari-sam into $(VENV), once; torch is a large download ..."
	$(INSTALL) .
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing napari-sam, napari and the test tools into $(VENV), once ..."
	$(INSTALL) '.[dev]'
	@touch $(VENV)/.package $@

$(VENV)/.docs: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing napari-sam and the tools for the site into $(VENV), once ..."
	$(INSTALL) '.[docs]'
	@touch $(VENV)/.package $@
