# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter to an API server: what the core asks of a cluster, as requests and plain mappings.

The `kubernetes` client's typed models cost 0.2 s to import and its dynamic client several discovery requests; neither
is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .errors import ClusterError
from .names import MANAGER
from .objects import RESOURCES, Manifest, Ref, ref
from .ports import Listing
from .remnants import Remnant, served
from .streams import KubernetesWatch
from .transport import WATCH_SECONDS, ApiServer

_PAGE = 500
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class KubernetesCluster:
    """A cluster reached through its API server; safe to use from several threads."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    @property
    def host(self) -> str:
        """The server's address, as the kubeconfig gives it."""
        return self._server.host

    def guarded(self, check: Callable[[], None]) -> KubernetesCluster:
        """The same cluster; ``check`` is asked before each try of a write, and stops it by raising."""
        return KubernetesCluster(self._server.guarded(check))

    def get(self, ref: Ref) -> Manifest | None:
        """One object, or None where there is none."""
        try:
            return self._server.json("GET", ref.resource.path(ref.namespace, ref.name))
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, *, namespace: str = "", labels: str = "", fields: str = "") -> Listing:
        """Objects of a kind; paged, so that a thousand cost memory and not time-outs."""
        resource = RESOURCES[kind]
        query = {"limit": str(_PAGE)}
        if labels:
            query["labelSelector"] = labels
        if fields:
            query["fieldSelector"] = fields
        items: list[Manifest] = []
        while True:
            page = self._server.json("GET", resource.path(namespace), query=query)
            items += [{"apiVersion": resource.api_version, "kind": kind, **item} for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            following = metadata.get("continue")
            if not following:
                return Listing(items=tuple(items), resource_version=metadata.get("resourceVersion", ""))
            query["continue"] = following

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply as our field manager; conflicts are taken over, since we own what we render."""
        return self._apply(manifest, dry_run=dry_run)

    def apply_status(self, manifest: Manifest) -> Manifest:
        """Server-side apply of the status subresource."""
        return self._apply(manifest, subresource="status")

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create; status 409 where it exists."""
        named = ref(manifest)
        query = {"fieldManager": MANAGER, **({"dryRun": "All"} if dry_run else {})}
        return self._server.json("POST", named.resource.path(named.namespace), query=query, body=manifest)

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace; status 409 where the resource version is no longer the newest."""
        named = ref(manifest)
        path = named.resource.path(named.namespace, named.name)
        return self._server.json("PUT", path, query={"fieldManager": MANAGER}, body=manifest)

    def delete(self, ref: Ref, *, uid: str = "", version: str = "", grace_seconds: int | None = None) -> bool:
        """Ask for deletion in the background; False where there was nothing, or a namesake, or another version."""
        body: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        wanted = {"uid": uid, "resourceVersion": version}
        if preconditions := {key: value for key, value in wanted.items() if value}:
            body["preconditions"] = preconditions
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        try:
            self._server.json("DELETE", ref.resource.path(ref.namespace, ref.name), body=body)
        except ClusterError as error:
            if error.status == 404 or (error.status == 409 and preconditions):
                return False
            raise
        return True

    def watch(self, kind: str, *, namespace: str = "", name: str = "", resource_version: str = "") -> KubernetesWatch:
        """Changes after ``resource_version``, for half a minute."""
        query = {"watch": "1", "timeoutSeconds": str(WATCH_SECONDS)}
        if resource_version:
            query["resourceVersion"] = resource_version
        if name:
            query["fieldSelector"] = f"metadata.name={name}"
        return KubernetesWatch(self._server.open("GET", RESOURCES[kind].path(namespace), query=query, stream=True))

    def log(self, *, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        """The last lines of a container's log; empty where there is none.

        Asked for once only: the API server answers 500 for a node that is away, and a diagnosis must not wait for it.
        Without a limit of bytes: that would keep the first of the last lines and drop the very last.
        """
        query = {"container": container, "tailLines": str(lines)}
        if previous:
            query["previous"] = "true"
        path = RESOURCES["Pod"].path(namespace, pod, "log")
        try:
            return self._server.open("GET", path, query=query, once=True).data.decode("utf-8", "replace")
        except ClusterError:
            return ""

    def remnants(self, namespace: str) -> tuple[Remnant, ...]:
        """What a namespace holds, of every kind that the API serves, by metadata alone.

        A kind that may not be listed, or whose own server is away, is left out.
        """
        found: list[Remnant] = []
        for resource in served(*(self._server.json("GET", root, accept=_DISCOVERY) for root in ("/api", "/apis"))):
            collection = resource.path(namespace)
            try:
                page = self._server.json("GET", collection, accept=_METADATA, once=True)
            except ClusterError as error:
                if error.status in (0, 401):
                    raise
                continue
            found += (Remnant.parse(item, resource.kind, collection) for item in page.get("items") or ())
        return tuple(found)

    def release(self, remnant: Remnant, *, keep: Sequence[str]) -> bool:
        """Leave an object only the finalizers in ``keep``; False where it has changed, or gone, meanwhile."""
        metadata = {"finalizers": list(keep) or None, "resourceVersion": remnant.version}
        query = {"fieldManager": MANAGER}
        try:
            self._server.json("PATCH", remnant.path, query=query, body={"metadata": metadata}, content_type=_MERGE)
        except ClusterError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def finalize(self, namespace: Manifest) -> bool:
        """Take the finalizers of a Namespace's spec off; False where it has changed, or gone, meanwhile."""
        path = ref(namespace).resource.path("", namespace["metadata"]["name"], "finalize")
        try:
            self._server.json("PUT", path, body={**namespace, "spec": {"finalizers": []}})
        except ClusterError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def _apply(self, manifest: Manifest, *, subresource: str = "", dry_run: bool = False) -> Manifest:
        named = ref(manifest)
        query = {"fieldManager": MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        path = named.resource.path(named.namespace, named.name, subresource)
        return self._server.json("PATCH", path, query=query, body=manifest, content_type=_APPLY)
