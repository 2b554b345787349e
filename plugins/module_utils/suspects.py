# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be to blame when a phase fails: the newest pods that are not well, and what should have made pods.

Pods of an older push are left out: they may be healthy, or broken for a reason that this push has mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .objects import Manifest
from .readiness import State, state

_COMPONENT = "app.kubernetes.io/component"
_REVISION = "deployment.kubernetes.io/revision"
# Containers that wait with these reasons wait for another container or the kubelet, not for themselves.
_PATIENT = ("PodInitializing", "ContainerCreating", "")


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """One object that is not well, and one container of it where it is a pod that has got so far.

    :param events: those about the object, newest first.
    :param container: its spec; empty where no container is to blame, as are ``status`` and ``log``.
    """

    object: Manifest
    events: tuple[Manifest, ...] = ()
    container: Mapping[str, Any] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""
    is_init: bool = False

    @property
    def name(self) -> str:
        """``Kind/name``."""
        return f"{self.object['kind']}/{self.object['metadata']['name']}"

    @property
    def is_database(self) -> bool:
        """Whether it serves data: its pods, or the volumes below them."""
        labels: Mapping[str, str] = self.object["metadata"].get("labels") or {}
        return labels.get(_COMPONENT) == "database" or self.object["kind"] == "PersistentVolumeClaim"

    @property
    def image(self) -> str:
        """The image as it was asked for."""
        return str(self.container.get("image") or self.status.get("image", ""))

    @property
    def waiting_reason(self) -> str:
        """Why the container has not started, as the kubelet's CamelCase word; empty where it has."""
        return str(((self.status.get("state") or {}).get("waiting") or {}).get("reason", ""))

    @property
    def waiting_message(self) -> str:
        """The same in the runtime's words."""
        return str(((self.status.get("state") or {}).get("waiting") or {}).get("message", ""))

    @property
    def terminated(self) -> Mapping[str, Any]:
        """How the container ended, the last time that it did; empty where it never did."""
        now, before = self.status.get("state") or {}, self.status.get("lastState") or {}
        ended: Mapping[str, Any] = now.get("terminated") or before.get("terminated") or {}
        return ended

    @property
    def exit_code(self) -> int | None:
        """Of the last end."""
        code = self.terminated.get("exitCode")
        return None if code is None else int(code)

    def condition(self, kind: str) -> Mapping[str, Any]:
        """A condition of the object; empty where it has none of that kind."""
        conditions = (self.object.get("status") or {}).get("conditions") or ()
        found: Mapping[str, Any] = next((each for each in conditions if each["type"] == kind), {})
        return found

    def messages(self, *reasons: str) -> Iterator[str]:
        """Messages of events with one of these reasons, newest first."""
        return (str(event.get("message", "")) for event in self.events if event.get("reason") in reasons)


def suspects(
    pods: Iterable[Manifest], objects: Iterable[Manifest], events: Iterable[Manifest], logs: Mapping[str, str]
) -> tuple[Suspect, ...]:
    """All that is not well, each container of a pod by itself.

    :param objects: workloads, claims and whatever else was read; kinds that cannot be to blame are passed over.
    :param logs: by ``pod/container``.
    """
    workloads = tuple(objects)
    told = sorted(events, key=when, reverse=True)
    found: list[Suspect] = []
    for pod in _newest(tuple(pods), workloads):
        if state(pod).state is not State.READY:
            found += _in_pod(pod, _about(pod, told), logs)
    for workload in workloads:
        match workload["kind"]:
            case "ReplicaSet" | "StatefulSet":
                is_suspect = _is_short(workload) and not _is_outdated(workload, workloads)
            case "PersistentVolumeClaim":
                is_suspect = (workload.get("status") or {}).get("phase") != "Bound"
            case _:
                is_suspect = False
        if is_suspect:
            found.append(Suspect(object=workload, events=_about(workload, told)))
    return tuple(found)


def restarted(pods: Iterable[Manifest], objects: Iterable[Manifest], logs: Mapping[str, str]) -> tuple[Suspect, ...]:
    """Containers of pods that are well now and have crashed before: the next guess where nothing else is wrong."""
    return tuple(
        each for each in bystanders(pods, objects, logs) if each.status.get("restartCount", 0) and each.terminated
    )


def bystanders(pods: Iterable[Manifest], objects: Iterable[Manifest], logs: Mapping[str, str]) -> Iterator[Suspect]:
    """Every container of the newest pods, well or not: what it logged may explain what others saw."""
    for pod in _newest(tuple(pods), tuple(objects)):
        yield from _containers(pod, (), logs)


def _in_pod(pod: Manifest, events: tuple[Manifest, ...], logs: Mapping[str, str]) -> list[Suspect]:
    if (pod.get("status") or {}).get("reason"):
        # Ended as a whole, such as evicted: how its containers ended then only follows from that.
        return [Suspect(object=pod, events=events)]
    unwell = [each for each in _containers(pod, events, logs) if not each.status.get("ready")]
    # An init container that has not ended well holds up all after it.
    unwell = [each for each in unwell if each.is_init][:1] or unwell
    return [each for each in unwell if _has_acted(each)] or [Suspect(object=pod, events=events)]


def _has_acted(suspect: Suspect) -> bool:
    current = suspect.status.get("state") or {}
    return "running" in current or "terminated" in current or suspect.waiting_reason not in _PATIENT


def _containers(pod: Manifest, events: tuple[Manifest, ...], logs: Mapping[str, str]) -> Iterator[Suspect]:
    status = pod.get("status") or {}
    for is_init, specs, statuses in (
        (True, pod["spec"].get("initContainers"), status.get("initContainerStatuses")),
        (False, pod["spec"].get("containers"), status.get("containerStatuses")),
    ):
        spec_by_name = {spec["name"]: spec for spec in specs or ()}
        for each in statuses or ():
            yield Suspect(
                object=pod,
                events=events,
                container=spec_by_name.get(each["name"], {"name": each["name"]}),
                status=each,
                log=_log(logs.get(f"{pod['metadata']['name']}/{each['name']}", "")),
                is_init=is_init,
            )


def _log(text: str) -> str:
    # With status 200 the kubelet answers so where it has already removed the container.
    return "" if text.startswith("unable to retrieve container logs for ") else text


def _newest(pods: tuple[Manifest, ...], workloads: tuple[Manifest, ...]) -> Iterator[Manifest]:
    """Pods of the newest revision of each Deployment, and all pods of anything else; those on their way out are not."""
    sets = {each["metadata"]["name"]: each for each in workloads if each["kind"] == "ReplicaSet"}
    for pod in pods:
        owner = _owner(pod, "ReplicaSet")
        of_old_push = owner in sets and _is_outdated(sets[owner], workloads)
        if not of_old_push and not pod["metadata"].get("deletionTimestamp"):
            yield pod


def _owner(obj: Manifest, kind: str) -> str:
    owners = obj["metadata"].get("ownerReferences") or ()
    return next((owner["name"] for owner in owners if owner["kind"] == kind), "")


def _is_outdated(replica_set: Manifest, workloads: tuple[Manifest, ...]) -> bool:
    """Whether its Deployment has a later revision; a rollback gives an old ReplicaSet the highest number again."""
    deployment = _owner(replica_set, "Deployment")
    return bool(deployment) and any(
        _revision(each) > _revision(replica_set)
        for each in workloads
        if each["kind"] == "ReplicaSet" and _owner(each, "Deployment") == deployment
    )


def _revision(replica_set: Manifest) -> tuple[int, str]:
    metadata = replica_set["metadata"]
    number = (metadata.get("annotations") or {}).get(_REVISION, "0")
    return int(number) if number.isdigit() else 0, metadata.get("creationTimestamp", "")


def _is_short(workload: Manifest) -> bool:
    """Whether it has made fewer pods than it should; what is wrong with those that it made, they tell themselves."""
    return bool((workload.get("status") or {}).get("replicas", 0) < workload["spec"].get("replicas", 1))


def _about(obj: Manifest, events: list[Manifest]) -> tuple[Manifest, ...]:
    """Events about an object; a StatefulSet gives a new pod the old one's name, so the uid decides where known."""
    metadata = obj["metadata"]
    return tuple(
        event
        for event in events
        if (told := event.get("involvedObject") or {}).get("kind") == obj["kind"]
        and told.get("name") == metadata["name"]
        and (not told.get("uid") or not metadata.get("uid") or told["uid"] == metadata["uid"])
    )


def when(event: Manifest) -> str:
    """When an event was last seen, RFC 3339; empty where it does not say."""
    series: Mapping[str, str] = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    # RFC 3339 in UTC sorts as text.
    return max((str(time) for time in times if time), default="")
