# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: a set of objects into a namespace by server-side apply, what left the set out of it.

Within a call objects go out concurrently in two waves (what pods need, then what makes pods); callers order phases.
The set is an ApplySet (https://git.k8s.io/enhancements/keps/sig-cli/3659-kubectl-apply-prune): its parent is ConfigMap
`applyset`, its members carry the parent's id, and pruning deletes members that are no longer rendered.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal

from .burst import each
from .errors import ClusterError
from .names import MANAGER
from .objects import RESOURCES, Manifest, Ref, intent, presentable, ref
from .ports import Cluster

Action = Literal["created", "changed", "unchanged", "deleted"]
Mode = Literal["apply", "server", "local"]

# Every kind that a set may hold inside its namespace; one list request for each tells what is there.
KINDS = (
    "ConfigMap",
    "Deployment",
    "Ingress",
    "LimitRange",
    "NetworkPolicy",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
)
MAKE_PODS = frozenset({"Deployment", "StatefulSet", "Job"})
_PART_OF = "applyset.kubernetes.io/part-of"
PARENT = "applyset"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one object; ``before`` and ``after`` hold no Secret's values."""

    ref: Ref
    action: Action
    before: Manifest
    after: Manifest

    @property
    def changed(self) -> bool:
        """Whether anything was asked for that was not so before."""
        return self.action != "unchanged"


def applyset_id(namespace: str) -> str:
    """The id of the set whose parent is ConfigMap `applyset` of this namespace, by the ApplySet specification."""
    digest = hashlib.sha256(f"{PARENT}.{namespace}.ConfigMap.".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def parent(namespace: str) -> Manifest:
    """The ConfigMap that stands for the set."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": PARENT,
            "namespace": namespace,
            "labels": {"applyset.kubernetes.io/id": applyset_id(namespace)},
            "annotations": {
                "applyset.kubernetes.io/tooling": f"{MANAGER}/v1",
                "applyset.kubernetes.io/contains-group-kinds": ",".join(
                    sorted(RESOURCES[kind].group_kind for kind in KINDS)
                ),
            },
        },
    }


class Applier:
    """Applies one set.

    :param existing: what is in the namespace now, by name.
    :param mode: ``apply``; ``server`` for a dry run by the API server; ``local`` where the namespace is not there
        yet, so that the server could not judge what goes into it.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str,
        existing: Mapping[Ref, Manifest],
        pool: Executor,
        mode: Mode = "apply",
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._existing = existing
        self._pool = pool
        self._mode = mode
        self._wanted: set[Ref] = set()
        self.changes: list[Change] = []
        # What the server answered, status included: what is ready already needs no watch.
        self.answers: dict[Ref, Manifest] = {}

    @property
    def changed(self) -> bool:
        """Whether anything so far was not as asked."""
        return any(change.changed for change in self.changes)

    @property
    def unchanged(self) -> frozenset[Ref]:
        """What was as asked before this run."""
        return frozenset(change.ref for change in self.changes if not change.changed)

    def apply(self, manifests: Iterable[Manifest]) -> None:
        """Apply objects of the set; each becomes exactly what is rendered.

        :raises ClusterError: the first refusal, with the object's name; the others were sent all the same.
        """
        members = [self._member(manifest) for manifest in manifests]
        self._wanted.update(ref(member) for member in members)
        for wave in (False, True):
            self._run(self._apply_one, [m for m in members if (m["kind"] in MAKE_PODS) is wave])

    def create_absent(self, manifests: Iterable[Manifest]) -> None:
        """Create what is not there and leave alone what is: credentials, which must outlive every run.

        They are no members of the set, so that dropping a database and taking it back meets the old password again.
        """
        self._run(self._create_one, list(manifests))

    def prune(self) -> None:
        """Delete the members that were not applied in this run. Call it only when all the rest succeeded."""
        self._run(self._delete_one, [self._existing[named] for named in self.leaving(())])

    def leaving(self, coming: Iterable[Manifest]) -> tuple[Ref, ...]:
        """The members that were not applied in this run so far, and are not among those that still come."""
        ours, kept = applyset_id(self._namespace), {*self._wanted, *(ref(manifest) for manifest in coming)}
        return tuple(
            named
            for named, manifest in self._existing.items()
            if named not in kept and manifest["metadata"].get("labels", {}).get(_PART_OF) == ours
        )

    def _run(self, work: Callable[[Manifest], Change], manifests: list[Manifest]) -> None:
        def told(manifest: Manifest) -> Change | ClusterError:
            try:
                return work(manifest)
            except ClusterError as error:
                about = str(ref(manifest))
                return ClusterError(f"{about}: {error}", status=error.status, reason=error.reason, about=about)

        results = each(self._pool, told, manifests)
        self.changes += (result for result in results if isinstance(result, Change))
        for result in results:
            if isinstance(result, ClusterError):
                raise result

    def _member(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] == "Namespace" or manifest["metadata"]["name"] == PARENT:
            return manifest
        metadata: dict[str, Any] = dict(manifest["metadata"])
        metadata["labels"] = {**metadata.get("labels", {}), _PART_OF: applyset_id(self._namespace)}
        return {**manifest, "metadata": metadata}

    def _apply_one(self, manifest: Manifest) -> Change:
        named = ref(manifest)
        before = self._existing.get(named)
        match self._mode:
            case "local":
                after = manifest
            case "server":
                after = self._foretell(manifest)
            case "apply":
                after = self._cluster.apply(manifest)
        self.answers[named] = after
        action: Action = "created" if before is None else "changed"
        if before is not None and intent(before) == intent(after):
            action = "unchanged"
        return Change(ref=named, action=action, before=presentable(before), after=presentable(after))

    def _foretell(self, manifest: Manifest) -> Manifest:
        try:
            return self._cluster.apply(manifest, dry_run=True)
        except ClusterError as error:
            if _over_quota(error):
                return manifest
            raise

    def _create_one(self, manifest: Manifest) -> Change:
        named = ref(manifest)
        before = self._existing.get(named)
        if before is not None:
            return Change(ref=named, action="unchanged", before=presentable(before), after=presentable(before))
        if self._mode != "local":
            try:
                self._cluster.create(manifest, dry_run=self._mode == "server")
            except ClusterError as error:
                if error.status != 409 and not (self._mode == "server" and _over_quota(error)):
                    raise
        return Change(ref=named, action="created", before={}, after=presentable(manifest))

    def _delete_one(self, manifest: Manifest) -> Change:
        named = ref(manifest)
        if self._mode == "apply":
            self._cluster.delete(named, uid=manifest["metadata"]["uid"])
        return Change(ref=named, action="deleted", before=presentable(manifest), after={})


def _over_quota(error: ClusterError) -> bool:
    # A dry run is judged by the quota of now; a real run has applied the planned quota before.
    return error.status == 403 and "exceeded quota" in str(error)
