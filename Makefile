# make app    set up what is missing and open the workbench in the browser
# make test   the same set-up, then lint, formatting, types and all tests; those in the browser
#             after the others, since they wait for pages that a busy computer makes slow
# make onnxruntime-web  take the runtime of web pages from its npm package again (needs npm)
# make clean  remove the environment that the first two made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: app test lint format onnxruntime-web clean
.DELETE_ON_ERROR:

app: $(VENV)/.ready-app
	$(BIN)/streamlit run app.py

test: $(VENV)/.ready-test lint
	$(BIN)/python -m pytest -m "not browser"
	$(BIN)/python -m pytest -m browser -n0

lint: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.ready-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

onnxruntime-web: $(VENV)/.ready-app
	npm pack --silent --pack-destination $(VENV) onnxruntime-web@1.30.0
	$(BIN)/python -m ser_core.export.web_page.vendor $(VENV)/onnxruntime-web-1.30.0.tgz

$(VENV)/.ready-app: requirements.txt | $(BIN)/python
	@echo "Installing the requirements (once; several GB, torch brings its CUDA parts on Linux)."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-test: requirements-dev.txt requirements-postgresql.txt $(VENV)/.ready-app
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 app"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }

clean:
	rm -rf $(VENV)
