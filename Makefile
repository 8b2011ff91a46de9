# One command each way: `make pack` for the board's pack, `make test` before a change lands. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
READY := .venv/ready
AREA ?= Bromley
PERIOD ?= 2021-11
WORKERS ?= 2
# A notebook's cells share a kernel, so each file stays with one worker.
PYTEST = $(BIN)/python -m pytest tests notebooks -n $(WORKERS) --dist loadfile \
	--nbval-lax --nbval-current-env --nbval-cell-timeout=120

.PHONY: help setup pack test lab explore lint check-long mutants bench lock licences audit tools illustrative picture clean-all

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1	\2/p' Makefile | expand -t 14

setup: $(READY) ## make .venv from requirements.lock (done by every other target)

$(READY): requirements.lock pyproject.toml
	@scripts/setup.sh

pack: setup ## the illustrative pack: AREA=Bromley PERIOD=2021-11
	@$(BIN)/crimelib sample
	@$(BIN)/crimelib clean
	@$(BIN)/crimelib run --area "$(AREA)" --period "$(PERIOD)"

illustrative: setup
	@$(BIN)/crimelib sample
	@$(BIN)/crimelib clean

test: setup tools illustrative ## every test, notebooks and browser included
	@$(PYTEST) --checks=part

check-long: setup tools illustrative ## the same, with the long tests, many more examples, the table of attacks and mutants
	@scripts/pythons.sh
	@$(PYTEST) -m "" --hypothesis-profile=long --checks=whole --timeout=20000
	@$(MAKE) --no-print-directory mutants

mutants: setup illustrative ## how many faults seeded into measures, stats and disclosure the tests find (hours)
	@rm -rf mutants
	@$(BIN)/mutmut run --max-children $(WORKERS)
	@$(BIN)/mutmut results
	@$(BIN)/mutmut export-cicd-stats
	@$(BIN)/python tests/mutants.py

lint: setup ## ruff and pyright
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright

lab: setup ## JupyterLab on the notebooks, on 127.0.0.1 with its token
	@$(BIN)/jupyter lab --ip=127.0.0.1 --notebook-dir=. --LabApp.default_url=/lab/tree/notebooks \
		$(if $(filter 0,$(shell id -u)),--allow-root)

explore: setup ## the explorers as pages, without Jupyter: on 127.0.0.1 with a token, code hidden
	@JUPYTER_PATH="$(CURDIR)/notebooks/explore/jupyter" $(BIN)/voila notebooks/explore --Voila.ip=127.0.0.1 --token \
		--template=crimelib --VoilaConfiguration.extension_denylist=nbdime-jupyterlab \
		--MappingKernelManager.cull_idle_timeout=300 --MappingKernelManager.cull_interval=60

bench: setup ## run the benchmarks
	@set -e; for file in $(filter-out %/published_raw.py,$(sort $(wildcard benchmarks/*.py))); do echo "== $$file"; $(BIN)/python "$$file"; done

lock: setup ## write requirements.lock anew from pyproject.toml (newest versions: make lock UPGRADE=1)
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

licences: setup ## write docs/licences.md anew from the lock
	@scripts/licences.sh

audit: setup ## known vulnerabilities of the locked packages (asks PyPI; what it does not know is a failure)
	@$(BIN)/pip-audit --strict --disable-pip --no-deps -r requirements.lock

tools: setup
	@scripts/tools.sh

picture: tools pack ## the picture in README, of the illustrative pack
	@$(BIN)/python scripts/picture.py

clean-all: ## remove .venv, illustrative and processed data, packs and caches; real raw files stay
	rm -rf .venv .venv-3* .pytest_cache .ruff_cache .hypothesis reports build mutants crimelib.egg-info
	rm -rf data/raw/*/illustrative* data/processed/*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
