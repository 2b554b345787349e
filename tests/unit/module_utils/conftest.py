# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback, and the adapter that takes it for a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.cluster import KubernetesCluster
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from tests.unit.fakes import FakeClock
from tests.unit.servers import Server, kubeconfig, serving


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def cluster(server: Server, tmp_path: Path, clock: FakeClock) -> KubernetesCluster:
    return connect(kubeconfig=kubeconfig(tmp_path, server.url), context="", clock=clock)


@pytest.fixture
def answered(cluster: KubernetesCluster) -> KubernetesCluster:
    """A cluster that has answered once, so that it is known to exist."""
    cluster.get(Ref("Namespace", "any"))
    return cluster
