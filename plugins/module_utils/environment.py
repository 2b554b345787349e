# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One environment: what it is asked to be, where it lives, and the ways there (present, absent, check)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from .clock import Clock
from .limits import DEFAULT_LIMITS, RangeLimits
from .liveness import NoProcesses, Processes
from .names import host, url
from .ports import Cluster, Prober, Renderer
from .record import Request


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The inventory's word on where environments live.

    :param https_port: the ingress' public port.
    :param images: image of a database by kind and version, where not the chart's own.
    :param ingress_selector: ``namespace`` and pod ``labels`` of the ingress controller.
    :param limits: of each namespace's LimitRange.
    :param egress_except: CIDRs that environments must not reach, besides the fixed ones and the cluster's own.
    """

    domain: str
    https_port: int
    charts: str
    namespace: str
    images: Mapping[str, Mapping[str, str]]
    storage_class: str
    ingress_class: str
    ingress_selector: Mapping[str, object]
    egress_except: tuple[str, ...] = ()
    limits: RangeLimits = DEFAULT_LIMITS

    def url(self, namespace: str) -> str:
        """The public URL of an environment."""
        return url(host(namespace, self.domain), self.https_port)


@dataclass(frozen=True, kw_only=True)
class World:
    """The outside, handed in.

    :param token: random text of at least so many characters, safe in URLs.
    :param run: a random id of this run, the holder of its Lease.
    :param timeout_seconds: how long each phase may wait for the cluster.
    :param lease_wait_seconds: how long to wait for another run of the same environment.
    :param processes: tells whether the process of another run has ended.
    """

    cluster: Cluster
    helm: Renderer
    prober: Prober
    clock: Clock
    pool: Executor
    token: Callable[[int], str] = field(repr=False)
    run: str
    timeout_seconds: float
    lease_wait_seconds: float
    processes: Processes = field(default_factory=NoProcesses)


__all__ = ["Platform", "Request", "World"]
