# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a phase failed: one object, one reason, what it said last, and what its developer should do next.

The reader has no access to the cluster: what is not said here, nobody can look up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .causes import recognise
from .findings import Finding
from .ingress_causes import ingress
from .log_lines import last_lines
from .objects import Manifest
from .ports import Answer
from .readiness import State, state
from .redaction import redact
from .suspects import Suspect, bystanders, restarted, suspects

_WORKLOADS = ("StatefulSet", "Deployment", "Job")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is known of a namespace at the moment of failure.

    :param objects: workloads, ReplicaSets, claims and quota, each with its kind.
    :param logs: last log lines by ``pod/container``, those before the last restart where it crashed.
    :param probe: the last answer through the ingress, where the probe was reached.
    """

    pods: tuple[Manifest, ...] = ()
    events: tuple[Manifest, ...] = ()
    objects: tuple[Manifest, ...] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    probe: Answer | None = None


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The `diagnosis` of the contracts.

    :param phase: the phase of the engine that failed.
    :param object: ``Kind/name``; empty where no object is to blame.
    :param reason: a stable CamelCase word.
    :param exit_code: of the container's last end; None where it never ended.
    :param log: at most 20 lines and 4096 bytes, secrets removed.
    """

    phase: str
    object: str
    reason: str
    message: str
    hint: str
    exit_code: int | None = None
    log: str = ""

    def as_dict(self) -> dict[str, Any]:
        """All fields, in JSON types."""
        return asdict(self)


def diagnose(phase: str, snapshot: Snapshot, *, secrets: Iterable[str] = ()) -> Diagnosis:
    """The most causal of all that is wrong.

    A database comes before what may only wait for it; among equals, what comes first in the table of causes.

    :param secrets: exact values that must not appear, besides those known by their shape.
    """
    known = tuple(secrets)
    accused = suspects(snapshot.pods, snapshot.objects, snapshot.events, snapshot.logs)
    recognised = [(suspect, *found) for suspect in accused if (found := recognise(suspect))]
    if recognised:
        suspect, _, finding = min(recognised, key=lambda each: (not each[0].is_database, each[1], each[0].name))
        return _diagnosis(phase, finding, suspect=suspect, secrets=known)
    if snapshot.probe is not None and (finding_of_probe := ingress(snapshot.probe)):
        return _at_the_ingress(phase, finding_of_probe, snapshot, known)
    if accused:
        return _diagnosis(phase, _unrecognised(accused[0]), suspect=accused[0], secrets=known)
    return _without_suspect(phase, snapshot)


def _diagnosis(phase: str, finding: Finding, *, suspect: Suspect | None, secrets: tuple[str, ...]) -> Diagnosis:
    return Diagnosis(
        phase=phase,
        object=suspect.name if suspect else "",
        reason=finding.reason,
        exit_code=suspect.exit_code if suspect else None,
        message=redact(finding.message, secrets),
        # Paths and names in a hint may come from a log line as well.
        hint=redact(finding.hint, secrets),
        log=last_lines(suspect.log or str(suspect.terminated.get("message", "")), secrets) if suspect else "",
    )


def _at_the_ingress(phase: str, finding: Finding, snapshot: Snapshot, secrets: tuple[str, ...]) -> Diagnosis:
    """The URL does not answer; a crash of the application between two requests explains more than the answer."""
    for suspect in restarted(snapshot.pods, snapshot.objects, snapshot.logs):
        if found := recognise(suspect):
            return _diagnosis(phase, found[1], suspect=suspect, secrets=secrets)
    # What the application said only matters where something answered in its name.
    answered = snapshot.probe is not None and snapshot.probe.status is not None
    witnesses = bystanders(snapshot.pods, snapshot.objects, snapshot.logs) if answered else ()
    return Diagnosis(
        phase=phase,
        object="Ingress/app",
        reason=finding.reason,
        message=redact(finding.message, secrets),
        hint=redact(finding.hint, secrets),
        log=last_lines(next((each.log for each in witnesses if each.log and not each.is_database), ""), secrets),
    )


def _unrecognised(suspect: Suspect) -> Finding:
    obj = suspect.object
    # What was said last about it is more than nothing, even when we have never seen it before.
    told = next(
        (f"; the last event says {event.get('reason')}: {event.get('message')}" for event in suspect.events), ""
    )
    waits = suspect.waiting_reason or (obj.get("status") or {}).get("phase", "")
    detail = " ".join(f"{state(obj).reason or waits}{f' ({waits})' if waits else ''}{told}".split())
    return Finding(
        reason="NotReady",
        message=f"{suspect.name} did not become ready in time: {detail}",
        hint="run the job again; when it ends the same way, show this message to the platform's maintainer",
    )


def _without_suspect(phase: str, snapshot: Snapshot) -> Diagnosis:
    for kind in _WORKLOADS:
        for obj in snapshot.objects:
            if obj["kind"] == kind and (readiness := state(obj)).state is not State.READY:
                return Diagnosis(
                    phase=phase,
                    object=f"{kind}/{obj['metadata']['name']}",
                    reason="NotReady",
                    message=f"{kind}/{obj['metadata']['name']} did not become ready in time: {readiness.reason}",
                    hint="run the job again; when it ends the same way, show this message to the platform's maintainer",
                )
    return Diagnosis(
        phase=phase,
        object="",
        reason="Unknown",
        message=f"phase {phase} did not end in time, and nothing in the namespace says why",
        hint="run the job again; when it ends the same way, show this message to the platform's maintainer",
    )
