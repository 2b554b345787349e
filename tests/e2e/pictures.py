# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment consists of, in a form in which two that went through the same are equal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .apiserver import ApiServer, Object
from .runs import until

# What the API server, its controllers and the node choose for each object anew.
_CHOSEN = {
    "uid",
    "resourceVersion",
    "clusterIP",
    "clusterIPs",
    "addresses",
    "ip",
    "hostIP",
    "targetRef",
    "nodePort",
    "endpoints.kubernetes.io/last-change-trigger-time",
}
# What the product writes into a namespace; the rest follows from it.
_WRITTEN = {
    "ConfigMap",
    "Deployment",
    "Ingress",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
}
_HASHES = {"pod-template-hash", "controller-revision-hash", "controller.kubernetes.io/hash"}
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SET = re.compile(r"applyset-[\w-]{43}-v1")  # made of the namespace's name
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SETTLED_SECONDS = 60


def picture(api: ApiServer, namespace: str) -> list[str]:
    """A line for each value in an environment, its record, Lease and volumes included, once nothing is leaving.

    Kind, name, labels, annotations, owners and everything that is asked for; of a Secret the keys. Left out or named
    alike: what is chosen anew each time, and the pull request's number.
    """
    number = namespace.rpartition("-")[2]
    objects: list[Object] = []

    def settled() -> bool:
        objects[:] = [*api.objects(namespace), *api.volumes(namespace)]
        return not any(found["metadata"].get("deletionTimestamp") for found in objects)

    until(f"nothing in {namespace} is on its way out", settled, seconds=_SETTLED_SECONDS)
    lease = {"held by": api.lease(namespace).get("spec", {}).get("holderIdentity") or "nobody"}
    record = api.record(namespace)
    told = {"spec": record["spec"], "phase": record["status"]["phase"], "labels": record["metadata"]["labels"]}
    lines = [line for found in objects for line in _lines(found)]
    lines += [*_leaves("record", told), *_leaves("lease", lease)]
    return sorted(_numberless(line, number) for line in lines)


def difference(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """The lines that only one of two pictures has."""
    ours, theirs = Counter(one), Counter(other)
    return sorted([f"{line} (before)" for line in ours - theirs] + [f"{line} (after)" for line in theirs - ours])


def untouched(api: ApiServer, namespace: str) -> dict[str, str]:
    """The version of everything asked for in an environment: it stays only where nobody wrote."""
    kept = {
        f"{found['kind']}/{found['metadata']['name']}": f"{found['metadata']['uid']} {_asked_for(found)}"
        for found in api.objects(namespace)
        if found["kind"] in _WRITTEN
    }
    record = api.record(namespace)
    return {**kept, "record": f"{record['metadata']['resourceVersion']}"}


def _lines(found: Object) -> list[str]:
    metadata = found["metadata"]
    generated = metadata.get("generateName")
    name = f"{found['kind']}/{generated}*" if generated else f"{found['kind']}/{metadata['name']}"
    lines = [_SET.sub("SET", _TIME.sub("TIME", _UID.sub("UID", line))) for line in _leaves(name, _asked_for(found))]
    for label in _HASHES & (metadata.get("labels") or {}).keys():
        # A StatefulSet's is its name and the hash; others' names end in the hash alone.
        value = metadata["labels"][label].rpartition("-")[2]
        lines = [line.replace(value, "HASH") for line in lines]
    return lines


def _asked_for(found: Object) -> Object:
    head = {key: found["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")}
    body = {key: value for key, value in found.items() if key not in ("metadata", "status", "apiVersion", "kind")}
    if found["kind"] == "Secret":
        body["data"] = sorted(body.get("data") or ())
    return {**body, **head}


def _leaves(path: str, value: Any) -> Iterator[str]:
    match value:
        case dict() if value:
            for key in value.keys() - _CHOSEN:
                yield from _leaves(f"{path} {key}", value[key])
        case list() if value:
            for inner in value:
                named = isinstance(inner, dict) and "name" in inner
                yield from _leaves(f"{path} {inner['name']}" if named else path, inner)
        case _:
            yield f"{path}: {value}"


def _numberless(line: str, number: str) -> str:
    return re.sub(rf"(\bpr-|: ){number}(?!\d)", r"\1N", line)
