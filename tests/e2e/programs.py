# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the sandbox that a test takes away for a while; whoever else uses the sandbox notices."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .conftest import Kubectl
from .places import STATE
from .runs import until


@contextmanager
def stopped(program: str) -> Iterator[None]:
    """One of the sandbox's processes is down for as long as the context lasts."""
    _supervisor("stop", program)
    try:
        yield
    finally:
        _supervisor("start", program)


@contextmanager
def without_pods(kubectl: Kubectl, deployment: str, *, namespace: str) -> Iterator[None]:
    """A Deployment of the platform has no pod for as long as the context lasts, and its one pod again afterwards."""

    def is_down() -> bool:
        return not kubectl.json("get", "deployment", deployment, "-n", namespace)["status"].get("replicas")

    kubectl("scale", "deployment", deployment, "-n", namespace, "--replicas=0")
    try:
        until(f"{deployment} has no pods", is_down, seconds=60)
        yield
    finally:
        kubectl("scale", "deployment", deployment, "-n", namespace, "--replicas=1")
        kubectl("rollout", "status", "deployment", deployment, "-n", namespace, "--timeout=90s")


def has_recovered(kubectl: Kubectl) -> bool:
    """Whether the API server answers, and calls its node ready."""
    nodes = kubectl("get", "nodes", "--request-timeout=5s", check=False)
    return " Ready " in nodes and kubectl("get", "--raw=/readyz", check=False) == "ok"


def _supervisor(*command: str) -> None:
    done = subprocess.run(
        ["/usr/bin/supervisorctl", "-c", str(STATE / "etc/supervisord.conf"), *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
