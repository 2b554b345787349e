# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's artifact carries what runs, and nothing of the machine that built it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths in the artifact that `ansible-galaxy collection build` makes of this checkout."""
    target = tmp_path_factory.mktemp("artifact")
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    subprocess.run((galaxy, "collection", "build", "--output-path", target), cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(next(target.glob("*.tar.gz"))) as archive:
        return set(archive.getnames())


@pytest.mark.parametrize("folder", ["plugins/modules", "plugins/module_utils", "roles", "playbooks", "charts"])
def test_artifact_carries_what_runs(names: set[str], folder: str) -> None:
    listed = subprocess.run(("git", "ls-files", folder), cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {name for name in listed.splitlines() if (ROOT / name).exists()} <= names


def test_artifact_carries_what_the_roles_read_beside_them(names: set[str]) -> None:
    assert {"versions.yml", "meta/runtime.yml", "LICENSE", "README.md"} <= names


@pytest.mark.parametrize("folder", [".venv", ".collections", ".cache", "tests", "molecule", "reports", ".git"])
def test_artifact_carries_nothing_of_the_workshop(names: set[str], folder: str) -> None:
    assert not [name for name in names if name.split("/")[0] == folder]
