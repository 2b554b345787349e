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

# Named outright: Ansible ignores an ansible.cfg in a directory that everyone may write to.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export LC_ALL := C.UTF-8

.PHONY: help demo test test-fast test-all scenario sandbox sandbox-down bench docs format lock setup clean distclean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Python packages of the lock and the checkout's place on the collections path (part of every target)
	@.ci/venv "$(PYTHON)" "$(VENV)"
	@mkdir -p $(dir $(LINK))
	@[ "$$(readlink $(LINK))" = ../../.. ] || ln -sfn ../../.. $(LINK)

lock: setup ## resolve requirements.in anew
	@$(RUN) python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	cd "$(CURDIR)" && $(RUN) python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --upgrade requirements.in --output-file requirements.txt
