# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the API server over one open connection: a phase of a run is over before kubectl has started."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.config import new_client_from_config

from .places import KUBECONFIG

Object = dict[str, Any]

ENVIRONMENTS = "/apis/preview.k8s-ee/v1alpha1/namespaces/platform/environments"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/platform/leases"
# History, and another system's copies of the pods.
_PASSED_OVER_KINDS = ("Event",)
_PASSED_OVER_GROUPS = ("cilium.io", "metrics.k8s.io")


class ApiServer:
    """The sandbox's API server, as its administrator sees it."""

    def __init__(self) -> None:
        client = new_client_from_config(str(KUBECONFIG))
        self._host: str = client.configuration.host
        self._pool: urllib3.PoolManager = client.rest_client.pool_manager

    def get(self, path: str) -> Object | None:
        """An object or a list; None where it is not there."""
        answer = self._pool.request("GET", self._host + path, timeout=10)
        if answer.status == 404:
            return None
        assert answer.status == 200, answer.data
        return dict(answer.json())

    def record(self, namespace: str) -> Object:
        """The record of an environment; empty where there is none."""
        return self.get(f"{ENVIRONMENTS}/{namespace}") or {}

    def lease(self, namespace: str) -> Object:
        """The Lease of an environment; empty where there is none."""
        return self.get(f"{LEASES}/{namespace}") or {}

    def version(self, collection: str) -> str:
        """From where :meth:`watch` tells everything that comes after now."""
        listed = self.get(f"{collection}?limit=1") or {}
        return str(listed["metadata"]["resourceVersion"])

    def watch(self, collection: str, *, since: str, seconds: float, name: str = "") -> Iterator[Object]:
        """The objects of a collection, or the one of a name, each time that they change or go."""
        query = {"watch": "1", "resourceVersion": since, "timeoutSeconds": str(max(1, round(seconds)))}
        query |= {"fieldSelector": f"metadata.name={name}"} if name else {}
        url = f"{self._host}{collection}?{urlencode(query)}"
        answer = self._pool.request(
            "GET", url, preload_content=False, timeout=urllib3.Timeout(connect=10, read=seconds + 10)
        )
        try:
            assert answer.status == 200, answer.data
            pending = b""
            for chunk in answer.stream(amt=None):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in filter(None, lines):
                    event = json.loads(line)
                    assert event["type"] != "ERROR", event["object"]
                    yield event["object"]
        finally:
            answer.close()

    def objects(self, namespace: str) -> list[Object]:
        """Everything in a namespace, itself included, except what only tells of the rest; each with its kind."""
        found = [{**(self.get(f"/api/v1/namespaces/{namespace}") or {}), "kind": "Namespace"}]
        for path, plural, kind in self._namespaced:
            listed = self.get(f"{path}/namespaces/{namespace}/{plural}") or {"items": ()}
            found += [{**item, "kind": kind} for item in listed["items"]]
        return found

    def volumes(self, namespace: str) -> list[Object]:
        """The PersistentVolumes that claims of a namespace hold or held."""
        listed = self.get("/api/v1/persistentvolumes") or {"items": ()}
        return [
            {**item, "kind": "PersistentVolume"}
            for item in listed["items"]
            if item["spec"].get("claimRef", {}).get("namespace") == namespace
        ]

    @functools.cached_property
    def _namespaced(self) -> list[tuple[str, str, str]]:
        """Path of the group and version, plural and kind of all that a namespace may hold."""
        groups = (self.get("/apis") or {})["groups"]
        paths = ["/api/v1"] + [
            f"/apis/{group['preferredVersion']['groupVersion']}"
            for group in groups
            if group["name"] not in _PASSED_OVER_GROUPS
        ]
        return [
            (path, resource["name"], resource["kind"])
            for path in paths
            for resource in (self.get(path) or {})["resources"]
            if resource["namespaced"] and "list" in resource["verbs"] and "/" not in resource["name"]
            if resource["kind"] not in _PASSED_OVER_KINDS
        ]
