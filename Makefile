# Each target does all of its own set-up and is quick when there is nothing to do. `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV ?= .venv
S ?=

BIN := $(abspath $(VENV))/bin
LINK := .collections/ansible_collections/ephemeral/k8s
# The tools find each other (molecule finds ansible-playbook) on a path that starts with the environment.
RUN := PATH="$(BIN):$$PATH"
PLAYBOOK := $(RUN) ansible-playbook
CHECK := HELM="$$(.ci/helm)" ACTIONLINT="$$(.ci/actionlint)" $(RUN) python .ci/check.py
STATE := /var/lib/ephemeral-k8s
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ephemeral-k8s

# Named outright: Ansible ignores an ansible.cfg in a directory that everyone may write to.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export LC_ALL := C.UTF-8

.PHONY: help demo test test-fast test-all scenario sandbox sandbox-down bench docs format lock setup helm tools build clean distclean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Python packages of the lock and the checkout's place on the collections path (part of every target)
	@.ci/venv "$(PYTHON)" "$(VENV)"
	@mkdir -p $(dir $(LINK))
	@[ "$$(readlink $(LINK))" = ../../.. ] || ln -sfn ../../.. $(LINK)

demo: setup ## set-up, sandbox, demo image, pull request 1; leaves it running and prints its URL
	@mkdir -p reports
	@$(PLAYBOOK) playbooks/demo.yml -e preview_demo_summary="$(CURDIR)/reports/demo"
	@cat reports/demo

test: setup tools ## test-fast, then the quick part of every scenario on the sandbox; ends with "N passed, N failed"
	@$(CHECK) quick

test-fast: setup tools ## lint, types, sanity, unit, golden, charts: no cluster, under 2 min
	@$(CHECK) fast

test-all: setup tools ## test, and the slow parts of unit tests and scenarios
	@$(CHECK) all

scenario: setup tools ## one scenario whole on the running sandbox: make scenario S=pr
	@$(CHECK) scenario "$(S)"

sandbox: setup ## start Kubernetes on this machine, or adopt the one that runs
	@$(PLAYBOOK) playbooks/sandbox.yml -e sandbox_state=started
	@echo "KUBECONFIG=$(STATE)/admin.kubeconfig"

sandbox-down: setup ## stop it; no process, mount, interface, rule or file stays
	@$(PLAYBOOK) playbooks/sandbox.yml -e sandbox_state=stopped

bench: setup helm ## measure, as ratios (needs the sandbox)
	@for file in benchmarks/*.py; do $(RUN) python "$$file"; done

docs: setup ## write the generated documentation anew
	@$(RUN) python docs/generate.py

format: setup ## format the Python files and sort their imports
	@$(RUN) ruff check --quiet --fix --select I
	@$(RUN) ruff format --quiet

lock: setup ## resolve requirements.in anew into requirements.txt
	@[ -x .cache/uv/bin/uv ] || { "$(PYTHON)" -m venv --clear .cache/uv && \
		.cache/uv/bin/pip install --quiet --disable-pip-version-check uv; }
	@.cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
		requirements.in --output-file requirements.txt

helm: ## the helm that renders the charts, built once (part of the targets that need it)
	@.ci/helm >/dev/null

tools: helm ## what the checks start besides helm, built once (part of the targets that need it)
	@.ci/actionlint >/dev/null

build: setup ## the collection's artifact, in dist/
	@$(RUN) ansible-galaxy collection build --force --output-path dist

clean: ## remove what make made in this checkout
	@rm -rf "$(VENV)" .collections .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache dist reports
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and the caches outside it (stop the sandbox first: make sandbox-down)
	@rm -rf "$(CACHE)"
