# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner image: it brings what the actions look for, each part by its hash."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = (ROOT / "images/runner/Containerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """The program that builds it."""
    loader = importlib.machinery.SourceFileLoader("build_runner", str(ROOT / "images/runner/build"))
    spec = importlib.util.spec_from_loader("build_runner", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_every_package_and_all_that_it_needs_is_in_the_lock_with_hashes(build: ModuleType) -> None:
    wanted = build.closure(build.NEEDED)
    entries = list(build.locked(wanted))
    named = {build.canonical(entry.partition("==")[0]) for entry in entries}
    assert named == wanted
    assert {"ansible-core", "ansible-runner", "jinja2", "pexpect", "urllib3"} <= wanted
    assert "ansible" not in wanted, "600 MB that no run needs"
    assert all("--hash=sha256:" in entry for entry in entries)


def test_what_checks_the_project_is_not_in_the_image(build: ModuleType) -> None:
    assert not build.closure(build.NEEDED) & {"pytest", "mypy", "ruff", "molecule", "ansible-lint"}


def test_each_program_is_built_from_a_module_that_lists_it(build: ModuleType) -> None:
    assert set(build.PROGRAMS) == {"helm", "kubectl"}
    for source, package in build.PROGRAMS.values():
        assert package in (source / "go.mod").read_text(encoding="utf-8")
        assert (source / "go.sum").exists()


def test_the_image_sets_what_the_actions_look_for() -> None:
    actions = "".join(path.read_text() for path in (ROOT / ".github/actions").glob("*/action.yml"))
    looked_for = set(re.findall(r"\$\{(EPHEMERAL_K8S_[A-Z_]+)", actions))
    assert looked_for == {"EPHEMERAL_K8S_PYTHON"}
    assert f"{looked_for.pop()}=" in CONTAINERFILE


def test_programs_that_jobs_ask_for_are_in_the_image(build: ModuleType) -> None:
    workflow = (ROOT / ".github/workflows/pr-environment-reusable.yml").read_text(encoding="utf-8")
    asked = {word for line in re.findall(r"programs: (.+)", workflow) for word in line.split()}
    packages = re.search(r'ARG PACKAGES="([^"]+)"', CONTAINERFILE)
    assert packages is not None
    assert asked == {"buildah", "helm"}
    assert asked <= {*packages[1].split(), *build.PROGRAMS}


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", CONTAINERFILE, re.MULTILINE)
    assert users[-1] == "1001:1001"
