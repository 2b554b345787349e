# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a pod that is not made, finds no node, or does not get its volumes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .findings import MAINTAINER, Finding, one_line
from .guardrails import QUOTA
from .quantities import cpu_millis, format_bytes, format_cpu, memory_bytes
from .refusals import ADMISSION_DENIED
from .suspects import Suspect

# k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>\S+), requested: (?P<requested>.*), used: (?P<used>.*), limited: (?P<limited>\S+)"
)
_RANGE = re.compile(r"(?P<which>maximum|minimum) (?P<what>\S+) usage per (?P<per>\w+) is (?P<bound>\w+)[^\[\]]*")
_POD_SECURITY = re.compile(r'violates PodSecurity "(?P<level>[^"]+)": (?P<why>.*)', re.DOTALL)
# pkg/kubelet/eviction/eviction_manager.go
_FULL = re.compile(r'Usage of EmptyDir volume "(?P<volume>[^"]+)" exceeds the limit "(?P<limit>[^"]+)"')
# How the scheduler tried to make room says nothing to who cannot make any.
_PREEMPTION = re.compile(r"(?: no new claims to deallocate,)? preemption: .*")
_SHORT = re.compile(r"Insufficient (?P<what>[\w/-]+(?:\.[\w/-]+)*)")
_PRESSURE = re.compile(r"untolerated taint \{(?P<taint>[^}]+)\}")


def not_created(suspect: Suspect) -> Finding | None:
    """Its pod, or its claim, was refused by the API server."""
    failure = suspect.condition("ReplicaFailure")
    texts = [
        *suspect.messages("FailedCreate"),
        str(failure.get("message", "")) if failure.get("status") == "True" else "",
    ]
    text = next((text for text in texts if text), None)
    if text is None:
        return None
    if found := _QUOTA.search(text):
        return _over_quota(suspect.name, found)
    if found := _POD_SECURITY.search(text):
        return Finding(
            reason="PodSecurityRefused",
            message=f"{suspect.name} could not make its pod: "
            f"Pod Security {found['level']} forbids {one_line(found['why'])}",
            hint="run as a user above 0 without extra rights; set securityContext so in your own chart or manifests",
        )
    if found := _RANGE.search(text):
        return Finding(
            reason="LimitExceeded",
            message=f"{suspect.name} could not make its pod: {one_line(found[0].rstrip(' ,'))}",
            hint=f"stay within the {found['which']} of {found['bound']}: change resources or `storage` in k8s-ee.yaml",
        )
    return Finding(
        reason="AdmissionRefused" if ADMISSION_DENIED.search(text) else "CreateRefused",
        message=f"{suspect.name} could not make its pod: {one_line(text)}",
        hint=MAINTAINER,
    )


def _over_quota(name: str, found: re.Match[str]) -> Finding:
    requested, used, limited = (found[part].replace(",", ", ") for part in ("requested", "used", "limited"))
    # Ours counts what is declared, so it has room for all of that.
    hint = (
        "something besides this environment's own pods takes the difference in its namespace, or pods of the push "
        f"before have not ended: run the job again; when it ends the same way, {MAINTAINER}"
        if found["quota"] == QUOTA
        else f"ResourceQuota/{found['quota']} is no part of the environment: {MAINTAINER}"
    )
    return Finding(
        reason="QuotaExceeded",
        message=f"{name} could not make its pod: it asks for {requested}; in use are {used}; "
        f"ResourceQuota/{found['quota']} allows {limited}",
        hint=hint,
    )


def claim(suspect: Suspect) -> Finding | None:
    """A volume could not be made."""
    if suspect.object["kind"] != "PersistentVolumeClaim":
        return None
    # With a provisioner that does not run, nothing fails: the control plane says that it waits, again and again.
    text = next(suspect.messages("ProvisioningFailed", "FailedBinding", "ExternalProvisioning"), None)
    if text is None:
        return None
    spec: Mapping[str, Any] = suspect.object["spec"]
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "unknown size")
    kind = spec.get("storageClassName") or "(default)"
    return Finding(
        reason="VolumeNotProvisioned",
        message=f"{suspect.name} of {size} and storage class {kind} has no volume: {one_line(text)}",
        hint="the disk for volumes may be full: close a pull request that you no longer need, then run the job again; "
        "when it ends the same way, " + MAINTAINER,
    )


def evicted(suspect: Suspect) -> Finding | None:
    """The kubelet removed it to save the node."""
    status = suspect.object.get("status") or {}
    if suspect.object["kind"] != "Pod" or status.get("reason") != "Evicted":
        return None
    text = one_line(str(status.get("message", "no message")))
    if (full := _FULL.search(text)) and (place := _mounted_at(suspect.object["spec"], full["volume"])):
        text = f"{place} holds more than {full['limit']}"
    return Finding(
        reason="Evicted",
        message=f"{suspect.name} was evicted: {text}",
        hint="write less to /tmp and app.writableDirs, and log less; when the whole node is short, " + MAINTAINER,
    )


def unschedulable(suspect: Suspect) -> Finding | None:
    """No node takes it."""
    scheduled = suspect.condition("PodScheduled")
    if suspect.object["kind"] != "Pod" or scheduled.get("status") != "False":
        return None
    text = _PREEMPTION.sub("", one_line(str(scheduled.get("message", "no message"))))
    if "persistentvolumeclaim" in text.lower() or "volume" in text.lower():
        return Finding(
            reason="VolumePending",
            message=f"{suspect.name} waits for its volume: {text}",
            hint="run the job again; when it stays so, " + MAINTAINER,
        )
    asks = _requests(suspect.object["spec"])
    if short := sorted({found["what"] for found in _SHORT.finditer(text)}):
        return Finding(
            reason="Unschedulable",
            message=f"{suspect.name} asks for {asks} and no node has as much free (short: {', '.join(short)}): {text}",
            hint="lower resources.requests in k8s-ee.yaml, or close a pull request that you no longer need",
        )
    pressure = _PRESSURE.search(text)
    return Finding(
        reason="Unschedulable",
        message=f"{suspect.name} asks for {asks} and no node takes it: {text}",
        hint=f"no node takes pods now ({pressure['taint'].strip(': ') if pressure else 'see the message'}); "
        + MAINTAINER,
    )


def mount(suspect: Suspect) -> Finding | None:
    """A volume is there and could not be mounted."""
    if suspect.object["kind"] != "Pod" or suspect.container:
        return None
    text = next(suspect.messages("FailedMount", "FailedAttachVolume", "FailedMapVolume"), None)
    if text is None:
        return None
    return Finding(
        reason="VolumeNotMounted",
        message=f"{suspect.name} cannot start: {one_line(text)}",
        hint="run the job again; when it stays so, " + MAINTAINER,
    )


def sandbox(suspect: Suspect) -> Finding | None:
    """The node could not give the pod its network or its own space."""
    if suspect.object["kind"] != "Pod" or suspect.container:
        return None
    text = next(suspect.messages("FailedCreatePodSandBox", "FailedCreatePodContainer", "NetworkNotReady"), None)
    if text is None:
        return None
    return Finding(reason="NodeNotReady", message=f"{suspect.name} cannot start: {one_line(text)}", hint=MAINTAINER)


def _mounted_at(spec: Mapping[str, Any], volume: str) -> str:
    """The directory that a pod's volume is for its containers; empty where none has it."""
    mounts = (mount for container in spec.get("containers") or () for mount in container.get("volumeMounts") or ())
    return next((str(mount["mountPath"]) for mount in mounts if mount["name"] == volume), "")


def _requests(spec: Mapping[str, Any]) -> str:
    """What a pod asks of a node: the sum of its containers, or the largest init container where that is more."""
    sums = {"cpu": 0, "memory": 0}
    for resource, parse in (("cpu", cpu_millis), ("memory", memory_bytes)):
        running, starting = (
            [parse(str(_request(each, resource))) for each in spec.get(part) or ()]
            for part in ("containers", "initContainers")
        )
        sums[resource] = max(sum(running), *starting, 0)
    return f"{format_cpu(sums['cpu'])} CPU and {format_bytes(sums['memory'])} memory"


def _request(container: Mapping[str, Any], resource: str) -> object:
    return ((container.get("resources") or {}).get("requests") or {}).get(resource, "0")
