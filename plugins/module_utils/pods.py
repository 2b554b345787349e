# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rendered pod counts for in a quota, by Kubernetes' own rule for init containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .limits import DEFAULT_LIMITS, RangeLimits
from .quantities import cpu_millis, memory_bytes
from .resources import Amounts, Resources
from .sizes import NOTHING


def pod_needs(spec: Mapping[str, Any], *, limits: RangeLimits = DEFAULT_LIMITS) -> Resources:
    """Requests and limits of one pod: all containers together, or the largest init container where that is more.

    Init containers run one after the other; those that stay (`restartPolicy: Always`) count with the containers, and
    beside each init container that starts after them.
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers

    :param spec: of the pod, as a PodTemplate has it.
    :param limits: what the LimitRange gives to containers that name nothing.
    """
    running, largest_start = NOTHING, NOTHING
    for container in spec.get("initContainers", ()):
        needs = _container(container, limits)
        largest_start = largest_start.most(running + needs)
        if container.get("restartPolicy") == "Always":
            running = running + needs
    for container in spec["containers"]:
        running = running + _container(container, limits)
    return running.most(largest_start)


def _container(container: Mapping[str, Any], limits: RangeLimits) -> Resources:
    written = container.get("resources", {})
    limit, request = written.get("limits", {}), written.get("requests", {})
    cpu = cpu_millis(str(limit["cpu"])) if "cpu" in limit else limits.default_cpu_millis
    memory = memory_bytes(str(limit["memory"])) if "memory" in limit else limits.default_memory_bytes
    return Resources(
        requests=Amounts(
            cpu_millis=cpu_millis(str(request["cpu"])) if "cpu" in request else cpu,
            memory_bytes=memory_bytes(str(request["memory"])) if "memory" in request else memory,
        ),
        limits=Amounts(cpu_millis=cpu, memory_bytes=memory),
    )
