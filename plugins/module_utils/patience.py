# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When waiting longer is pointless: states of a pod from which it will not recover without a new push.

A developer waits for this answer, so each state is given only the time in which it is known to heal by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .objects import Manifest

# Seconds for which a container may wait with this reason. The kubelet retries a pull after 10 s, so 20 s see two tries.
_WAITING_SECONDS = {
    "InvalidImageName": 0.0,
    "ErrImageNeverPull": 0.0,
    "ErrImagePull": 20.0,
    "ImagePullBackOff": 20.0,
    "RegistryUnavailable": 20.0,
    "CreateContainerConfigError": 10.0,
    "CreateContainerError": 10.0,
    "RunContainerError": 10.0,
}
_PULL = ("ErrImagePull", "ImagePullBackOff")
# A registry that answers in these words has answered for good.
_FINAL_PULL = ("not found", "manifest unknown", "denied", "unauthorized", "forbidden", "no match for platform")
_UNSCHEDULABLE = "Unschedulable"
_UNSCHEDULABLE_SECONDS = 30.0
# Pods of the version before hold their share of the quota until they have ended, and the controller tries again only
# after some 10 s, then 20 s.
_REFUSED_BY_QUOTA_SECONDS = 45.0
# The first restart comes at once, the second after 10 s: two of them are a loop.
_RESTARTS = 2


class Patience:
    """Remembers since when each pod is in a bad state; one instance for one wait."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def hopeless(self, pods: Iterable[Manifest], workloads: Iterable[Manifest], now: float) -> bool:
        """True once some pod or workload has been in a state that does not heal for longer than that state deserves.

        :param now: monotonic seconds.
        """
        states = [(pod["metadata"]["name"], *state) for pod in pods for state in _states(pod)]
        states += [
            (workload["metadata"]["name"], "ReplicaFailure", _REFUSED_BY_QUOTA_SECONDS)
            for workload in workloads
            if _condition(workload, "ReplicaFailure") == "True"
        ]
        current = {(name, reason) for name, reason, _ in states}
        self._since = {key: since for key, since in self._since.items() if key in current}
        return any(now - self._since.setdefault((name, reason), now) >= seconds for name, reason, seconds in states)


def backing_off(pod: Manifest) -> bool:
    """Whether a pod is in a state that heals only at its next try, which may be minutes away: five of them in the end.

    A pod without a node is not: the scheduler tries again with every change that could help.
    """
    return any(reason != _UNSCHEDULABLE for reason, _ in _states(pod))


def _states(pod: Manifest) -> list[tuple[str, float]]:
    status: dict[str, Any] = pod.get("status", {})
    found: list[tuple[str, float]] = []
    if _condition(pod, "PodScheduled") == "False":
        found.append((_UNSCHEDULABLE, _UNSCHEDULABLE_SECONDS))
    if status.get("phase") == "Failed":
        found.append(("Failed", 0.0))
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting = container.get("state", {}).get("waiting", {})
        reason, message = waiting.get("reason", ""), waiting.get("message", "").lower()
        if reason in _PULL and any(word in message for word in _FINAL_PULL):
            found.append(("pull", 0.0))
        elif reason in _WAITING_SECONDS:
            # The two pull reasons alternate; counted as one, or neither would ever last.
            found.append(("pull" if reason in _PULL else reason, _WAITING_SECONDS[reason]))
        if container.get("restartCount", 0) >= _RESTARTS and not container.get("ready"):
            found.append(("crashing", 0.0))
    return found


def _condition(obj: Manifest, kind: str) -> str | None:
    for condition in obj.get("status", {}).get("conditions", ()):
        if condition["type"] == kind:
            return str(condition["status"])
    return None
