# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object has become what was asked of it: one predicate a kind.

The rules are those of ``kubectl rollout status`` (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go) for
workloads and of the API's own conditions for the rest; a kind without a rule is ready once it is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .objects import Manifest


class State(Enum):
    """How far an object is; FAILED means that waiting longer does not help."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True)
class Readiness:
    """The state of an object.

    :param reason: what it waits for or failed of, in a few words; empty when ready.
    """

    state: State
    reason: str = ""


READY = Readiness(State.READY)


def state(obj: Manifest) -> Readiness:
    """How far one object is, judged by its own status alone."""
    if obj["kind"] != "Namespace" and obj["metadata"].get("deletionTimestamp"):
        return _waiting("is being deleted")
    return _RULES.get(obj["kind"], _at_once)(obj)


def _waiting(reason: str) -> Readiness:
    return Readiness(State.WAITING, reason)


def _failed(reason: str) -> Readiness:
    return Readiness(State.FAILED, reason)


def _at_once(_: Manifest) -> Readiness:
    return READY


def _unseen(obj: Manifest) -> bool:
    # Until the controller has seen this generation, its status speaks of the one before.
    observed: int = obj.get("status", {}).get("observedGeneration", 0)
    generation: int = obj["metadata"].get("generation", 0)
    return observed < generation


def _condition(obj: Manifest, kind: str) -> Mapping[str, Any]:
    conditions = obj.get("status", {}).get("conditions") or ()
    found: Mapping[str, Any] = next((each for each in conditions if each["type"] == kind), {})
    return found


def _deployment(obj: Manifest) -> Readiness:
    """All replicas updated, no old one left, all of them available; failed past the progress deadline."""
    if _unseen(obj):
        return _waiting("the controller has not seen this generation yet")
    status = obj.get("status", {})
    wanted = obj["spec"].get("replicas", 1)
    total, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    progressing = _condition(obj, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return _failed(progressing.get("message") or "progress deadline exceeded")
    if updated < wanted:
        return _waiting(f"{updated} of {wanted} replicas updated")
    if total > updated:
        return _waiting(f"{total - updated} old replicas still there")
    if available < updated:
        return _waiting(f"{available} of {updated} replicas available")
    return READY


def _stateful_set(obj: Manifest) -> Readiness:
    """All replicas ready and of the newest revision; a partition keeps those below it on the old one.

    With ``OnDelete`` the controller replaces no pod by itself, so ready replicas are all there is to wait for.
    """
    if _unseen(obj):
        return _waiting("the controller has not seen this generation yet")
    status = obj.get("status", {})
    wanted = obj["spec"].get("replicas", 1)
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    strategy = obj["spec"].get("updateStrategy", {})
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    if ready < wanted:
        return _waiting(f"{ready} of {wanted} replicas ready")
    if strategy.get("type") == "OnDelete" or status.get("updateRevision") == status.get("currentRevision"):
        return READY
    to_update = max(wanted - partition, 0)
    if partition and updated >= to_update:
        return READY
    return _waiting(f"{updated} of {to_update} replicas updated")


def _claim(obj: Manifest) -> Readiness:
    """Bound, or waiting for its first consumer: then the pod that uses it is what to wait for.

    A claim cannot show its class' binding mode, but once the scheduler has chosen a node it says so.
    """
    node = obj["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
    match obj.get("status", {}).get("phase", "Pending"):
        case "Bound":
            return READY
        case "Lost":
            return _failed("its volume is lost")
        case _ if node:
            return _waiting(f"its volume is being made on node {node}")
        case _:
            return READY


def _job(obj: Manifest) -> Readiness:
    """Complete; a failed Job is failed, not done (``FailureTarget`` announces that before its pods have ended)."""
    for kind in ("Failed", "FailureTarget"):
        condition = _condition(obj, kind)
        if condition.get("status") == "True":
            return _failed(condition.get("message") or condition.get("reason") or "the job failed")
    if _condition(obj, "Complete").get("status") == "True":
        return READY
    if obj["spec"].get("suspend"):
        return _waiting("it is suspended")
    status = obj.get("status", {})
    return _waiting(f"{status.get('succeeded', 0)} of {obj['spec'].get('completions', 1)} pods succeeded")


def _pod(obj: Manifest) -> Readiness:
    """The condition Ready, or the phase Succeeded."""
    status = obj.get("status", {})
    match status.get("phase", "Pending"):
        case "Succeeded":
            return READY
        case "Failed":
            return _failed(status.get("message") or status.get("reason") or "the pod failed")
    ready = _condition(obj, "Ready")
    if ready.get("status") == "True":
        return READY
    return _waiting(ready.get("message") or status.get("phase", "Pending"))


def _namespace(obj: Manifest) -> Readiness:
    """Active; a terminating namespace takes nothing new and never comes back."""
    terminating = obj["metadata"].get("deletionTimestamp") or obj.get("status", {}).get("phase") == "Terminating"
    return _failed("is being deleted") if terminating else READY


def _resource_quota(obj: Manifest) -> Readiness:
    """In force: admission counts against ``status.hard``, which the controller fills in from the spec."""
    in_force = obj.get("status", {}).get("hard") == obj["spec"].get("hard")
    return READY if in_force else _waiting("it is not in force yet")


_RULES: Mapping[str, Callable[[Manifest], Readiness]] = {
    "Deployment": _deployment,
    "Job": _job,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "ResourceQuota": _resource_quota,
    "StatefulSet": _stateful_set,
}
