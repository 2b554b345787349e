# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment consists of, in a form in which two that went through the same are equal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .apiserver import ApiServer, Object
from .runs import until

# What the API server, its controllers and the node choose for each object anew.
_CHOSEN = {"uid", "resourceVersion", "clusterIP", "clusterIPs", "addresses", "ip", "hostIP", "targetRef", "nodePort"}
_CHOSEN_ANNOTATIONS = {"endpoints.kubernetes.io/last-change-trigger-time"}
_HASHES = {"pod-template-hash", "controller-revision-hash", "controller.kubernetes.io/hash"}
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SETTLED_SECONDS = 60


def picture(api: ApiServer, namespace: str) -> list[str]:
    """A line for each object of an environment, its record, Lease and volumes included, once nothing is leaving.

    Kind, name, labels, annotations, owners and everything that is asked for; of a Secret the keys. Left out or named
    alike: what is chosen anew each time, and the pull request's number.
    """
    number = namespace.rpartition("-")[2]
    objects: list[Object] = []

    def settled() -> bool:
        objects[:] = [*api.objects(namespace), *api.volumes(namespace)]
        return not any(found["metadata"].get("deletionTimestamp") for found in objects)

    until(f"nothing in {namespace} is on its way out", settled, seconds=_SETTLED_SECONDS)
    lines = [_line(found, number) for found in objects]
    return sorted([*lines, _record(api.record(namespace), number), _lease(api.lease(namespace))])


def untouched(api: ApiServer, namespace: str) -> dict[str, str]:
    """The version of everything asked for in an environment: it stays only where nobody wrote."""
    written = ("ConfigMap", "Secret", "Service", "Ingress", "NetworkPolicy", "ResourceQuota", "LimitRange", "Namespace")
    kept = {
        f"{found['kind']}/{found['metadata']['name']}": f"{found['metadata']['uid']} {_asked_for(found)}"
        for found in api.objects(namespace)
        if found["kind"] in (*written, "Deployment", "StatefulSet", "ServiceAccount")
    }
    record = api.record(namespace)
    return {**kept, "record": json.dumps([record["metadata"]["resourceVersion"], record["spec"]], sort_keys=True)}


def _asked_for(found: Object) -> str:
    head = {key: found["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")}
    body = {key: value for key, value in found.items() if key not in ("metadata", "status", "apiVersion")}
    if found["kind"] == "Secret":
        body["data"] = sorted(body.get("data") or ())
    return json.dumps({**body, "metadata": head}, sort_keys=True)


def _line(found: Object, number: str) -> str:
    metadata = found["metadata"]
    asked_for: Object = json.loads(_asked_for(found))
    annotations = asked_for["metadata"]["annotations"] or {}
    asked_for["metadata"]["annotations"] = {k: v for k, v in annotations.items() if k not in _CHOSEN_ANNOTATIONS}
    generated = metadata.get("generateName")
    name = f"{generated}*" if generated else metadata["name"]
    text = f"{found['kind']}/{name} {json.dumps(_less_chosen(asked_for, number), sort_keys=True)}"
    for label in _HASHES & (metadata.get("labels") or {}).keys():
        value = metadata["labels"][label]
        # A StatefulSet's is its name and the hash; others' names end in the hash alone.
        text = text.replace(value, "HASH").replace(value.rpartition("-")[2], "HASH")
    return _TIME.sub("TIME", _UID.sub("UID", text)).replace(f"-pr-{number}", "-pr-N")


def _less_chosen(value: Any, number: str) -> Any:
    match value:
        case dict():
            return {key: _less_chosen(inner, number) for key, inner in value.items() if key not in _CHOSEN}
        case list():
            return [_less_chosen(inner, number) for inner in value]
        case str() | int() if str(value) == number:
            return "N"
    return value


def _record(record: Object, number: str) -> str:
    told = {"spec": record["spec"], "phase": record["status"]["phase"], "labels": record["metadata"]["labels"]}
    return f"record {json.dumps(_less_chosen(told, number), sort_keys=True)}"


def _lease(lease: Mapping[str, Any]) -> str:
    return f"lease held by '{lease['spec'].get('holderIdentity') or ''}'" if lease else "no lease"
