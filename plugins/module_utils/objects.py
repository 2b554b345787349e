# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes objects as plain mappings: what names one, where the API serves it, and when two are the same."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]

# A Secret's values must not reach a diff; this stands for each.
HIDDEN = "(hidden)"


@dataclass(frozen=True)
class Resource:
    """One kind as the API serves it.

    :param api_version: group and version, such as ``apps/v1``; ``v1`` for the core group.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The REST path of the collection, or of one object when ``name`` is given."""
        root = "/api" if "/" not in self.api_version else "/apis"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "".join(f"/{part}" for part in (name, subresource) if part)
        return f"{root}/{self.api_version}{scope}/{self.plural}{tail}"

    @property
    def group_kind(self) -> str:
        """``Deployment.apps``, or ``Service`` for the core group, as ApplySet annotations write it."""
        group = self.api_version.partition("/")[0] if "/" in self.api_version else ""
        return f"{self.kind}.{group}" if group else self.kind


# A table in place of API discovery saves two round trips a run; what is not in it is not ours to apply.
RESOURCES: Mapping[str, Resource] = {
    resource.kind: resource
    for resource in (
        Resource("v1", "Namespace", "namespaces", namespaced=False),
        Resource("v1", "Node", "nodes", namespaced=False),
        Resource("v1", "PersistentVolume", "persistentvolumes", namespaced=False),
        Resource("v1", "ConfigMap", "configmaps"),
        Resource("v1", "Event", "events"),
        Resource("v1", "LimitRange", "limitranges"),
        Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        Resource("v1", "Pod", "pods"),
        Resource("v1", "ResourceQuota", "resourcequotas"),
        Resource("v1", "Secret", "secrets"),
        Resource("v1", "Service", "services"),
        Resource("v1", "ServiceAccount", "serviceaccounts"),
        Resource("apps/v1", "Deployment", "deployments"),
        Resource("apps/v1", "ReplicaSet", "replicasets"),
        Resource("apps/v1", "StatefulSet", "statefulsets"),
        Resource("batch/v1", "Job", "jobs"),
        Resource("coordination.k8s.io/v1", "Lease", "leases"),
        Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
        Resource("networking.k8s.io/v1", "Ingress", "ingresses"),
        Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
        Resource("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", namespaced=False),
        Resource("preview.k8s-ee/v1alpha1", "Environment", "environments"),
    )
}


@dataclass(frozen=True, order=True)
class Ref:
    """The name of one object; ``str(ref)`` is ``Kind/name``, as ``kubectl`` accepts it."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def resource(self) -> Resource:
        """Where the API serves this kind; KeyError for a kind that the product does not use."""
        return RESOURCES[self.kind]


def ref(manifest: Mapping[str, Any]) -> Ref:
    """The name of an object, from the object."""
    metadata = manifest["metadata"]
    return Ref(manifest["kind"], metadata["name"], metadata.get("namespace", ""))


def stamp(manifest: Mapping[str, Any], *, namespace: str, labels: Mapping[str, str]) -> Manifest:
    """A copy that lies in ``namespace`` (unless its kind is cluster-wide) and carries ``labels`` besides its own.

    Ours win: a label is how prune, policy and teardown know what is theirs.
    """
    stamped = copy.deepcopy(dict(manifest))
    metadata = stamped.setdefault("metadata", {})
    metadata["labels"] = {**metadata.get("labels", {}), **labels}
    resource = RESOURCES.get(stamped["kind"])
    if resource is None or resource.namespaced:
        metadata["namespace"] = namespace
    return stamped


# The API server writes these by itself; a change in them is not a change of what was asked.
_SERVER_WRITTEN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


def intent(manifest: Mapping[str, Any] | None) -> Manifest:
    """What somebody asked for, without status and without what the API server writes; empty for None."""
    if manifest is None:
        return {}
    kept = {key: copy.deepcopy(value) for key, value in manifest.items() if key != "status"}
    metadata = {key: value for key, value in kept.get("metadata", {}).items() if key not in _SERVER_WRITTEN}
    annotations = {k: v for k, v in metadata.get("annotations", {}).items() if k != "deployment.kubernetes.io/revision"}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    kept["metadata"] = metadata
    return kept


def presentable(manifest: Mapping[str, Any] | None) -> Manifest:
    """The intent as a diff may show it: the keys of a Secret and the names of variables, never a value."""
    shown = intent(manifest)
    template = shown.get("spec", {}).get("template", {}) if shown.get("kind") != "ConfigMap" else {}
    pod = template.get("spec", {})
    for container in (*pod.get("initContainers", ()), *pod.get("containers", ())):
        for variable in container.get("env", ()):
            if "value" in variable:
                variable["value"] = HIDDEN
    if shown.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if part in shown:
                shown[part] = dict.fromkeys(sorted(shown[part]), HIDDEN)
    return shown


def by_ref(manifests: Iterable[Manifest]) -> dict[Ref, Manifest]:
    """An index of objects by their names; the last of two with one name wins."""
    return {ref(manifest): manifest for manifest in manifests}
