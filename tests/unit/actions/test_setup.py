# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of a job: found where the runner has them, else made, else refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from setup import setup


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform whose own scripts only say that they were called."""
    monkeypatch.setattr(setup, "PLATFORM", tmp_path)
    executable(tmp_path / ".ci/venv", 'echo "$@" > called; mkdir -p "$2"')
    executable(tmp_path / ".ci/helm", "echo /cache/helm-1/helm")
    return tmp_path


def test_the_runners_own_python_serves_where_it_has_the_packages(platform: Path) -> None:
    assert setup.python({"EPHEMERAL_K8S_PYTHON": sys.executable}) == sys.executable
    assert not (platform / "called").exists()


@pytest.mark.parametrize("given", ["", "/no/such/python", "/bin/false"])
def test_one_is_made_from_the_lock_where_it_does_not(platform: Path, given: str) -> None:
    environ = {"EPHEMERAL_K8S_PYTHON": given, "RUNNER_TOOL_CACHE": str(platform / "cache")}
    assert setup.python(environ) == f"{platform}/cache/ephemeral-k8s/python/bin/python"
    assert (platform / "called").read_text() == f"{sys.executable} {platform}/cache/ephemeral-k8s/python\n"


def test_packages_that_cannot_be_installed_are_an_error(platform: Path) -> None:
    executable(platform / ".ci/venv", "exit 1")
    with pytest.raises(setup.SetupError, match=r"cannot be installed from requirements\.txt"):
        setup.python({"RUNNER_TEMP": str(platform)})


def test_a_program_on_the_path_is_left_alone(platform: Path) -> None:
    executable(platform / "bin/helm", "exit 1")
    assert setup.program("helm", {"PATH": str(platform / "bin")}) == ""


def test_helm_is_built_where_it_is_missing(platform: Path) -> None:
    assert setup.program("helm", {"PATH": str(platform)}) == "/cache/helm-1"


def test_what_cannot_be_built_is_named(platform: Path) -> None:
    with pytest.raises(setup.SetupError, match="buildah is missing; use runners of the image"):
        setup.program("buildah", {"PATH": str(platform)})
    executable(platform / ".ci/helm", "exit 1")
    with pytest.raises(setup.SetupError, match="helm is missing and cannot be built"):
        setup.program("helm", {"PATH": str(platform)})


def test_the_next_steps_are_told(
    platform: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EPHEMERAL_K8S_PYTHON", sys.executable)
    monkeypatch.setenv("GITHUB_ENV", str(platform / "env"))
    monkeypatch.setenv("GITHUB_PATH", str(platform / "path"))
    monkeypatch.setenv("PATH", str(platform))
    monkeypatch.setenv("INPUT_PROGRAMS", "helm")
    assert setup.main() == 0
    assert (platform / "env").read_text() == f"EPHEMERAL_K8S_PYTHON={sys.executable}\n"
    assert (platform / "path").read_text() == "/cache/helm-1\n"
    monkeypatch.setenv("INPUT_PROGRAMS", "helm buildah")
    assert setup.main() == 2
    assert capsys.readouterr().out.startswith("::error title=set-up::buildah is missing")
