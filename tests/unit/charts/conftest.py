# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real helm, which `make test-fast` builds first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.helm import Helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    """The helm named by the variable HELM, or the newest one built in the cache."""
    if named := os.environ.get("HELM"):
        return Helm(program=named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ephemeral-k8s/tools"
    built = sorted(cache.glob("helm-*/helm"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.fail("no helm: build it with `make helm`, or name one in the variable HELM", pytrace=False)
    return Helm(program=str(built[-1]))
