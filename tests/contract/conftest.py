# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub publishes about itself, from npm's registry."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The installed packages of package.json; without npm a person's run skips their tests, and CI's fails."""
    if shutil.which("npm") is None and not os.environ.get("CI"):
        pytest.skip("npm is missing; apt-get install npm")
    found = subprocess.run((".ci/npm",), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=300)
    assert found.returncode == 0, "the packages of tests/contract could not be installed; npm's own words are above"
    return Path(found.stdout.strip())
