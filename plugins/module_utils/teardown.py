# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a close may delete: decided by the labels of the namespace and the record, never by the PR's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .errors import RefusedError
from .names import MANAGER, Identity
from .objects import Manifest


@dataclass(frozen=True, kw_only=True)
class TeardownPlan:
    """What has to be done until an environment is gone.

    :param namespace: its namespace's name.
    :param repository: its owner as it was written down, ``owner/name``; empty where nobody knows.
    :param delete_namespace: the namespace is there and nobody has asked for its deletion yet.
    :param await_namespace: the namespace is there, so its end has to be seen, volumes included.
    :param close_record: the record does not say ``Destroyed`` yet.
    """

    namespace: str
    repository: str = ""
    delete_namespace: bool = False
    await_namespace: bool = False
    close_record: bool = False

    @property
    def nothing(self) -> bool:
        """Nothing is there, and the record, if any, says so."""
        return not (self.await_namespace or self.close_record)

    def as_dict(self) -> dict[str, Any]:
        """The plan with ``nothing``, in JSON types."""
        return {**asdict(self), "nothing": self.nothing}


def plan(
    namespace: Manifest | None,
    record: Manifest | None,
    *,
    identity: Identity,
    repository_id: int,
    repository: str = "",
) -> TeardownPlan:
    """Decide what of an environment has to go.

    :param namespace: the Namespace object of the environment's name, as it is in the cluster.
    :param record: its Environment object.
    :param repository_id: the forge's number of the asking repository; 0 where there is no forge, then the name decides.
    :param repository: its ``owner/name``.
    :raises RefusedError: where namespace or record are not ours, or another repository's; both are named.
    """
    asker = _Owner(repository=repository, repository_id=str(repository_id))
    owners = []
    if namespace is not None:
        _refuse_unmanaged(namespace, identity)
        owners.append(_owner_of_namespace(namespace))
    # A record that says Destroyed is history: it claims nothing any more, and another repository may follow.
    is_open = record is not None and (record.get("status") or {}).get("phase") != "Destroyed"
    if record is not None and is_open:
        owners.append(_owner_of_record(record))
    for owner in owners:
        if not owner.is_same_as(asker):
            raise RefusedError(
                f"environment {identity.namespace} belongs to repository {owner}, not to {asker}; nothing was deleted; "
                f"close it from its own repository"
            )
    return TeardownPlan(
        namespace=identity.namespace,
        repository=next((owner.repository for owner in owners if owner.repository), ""),
        delete_namespace=namespace is not None and not namespace["metadata"].get("deletionTimestamp"),
        await_namespace=namespace is not None,
        close_record=is_open,
    )


@dataclass(frozen=True, kw_only=True)
class _Owner:
    repository: str
    repository_id: str

    def __str__(self) -> str:
        return f"{self.repository or '(name unknown)'} (id {self.repository_id or 'unknown'})"

    def is_same_as(self, asker: _Owner) -> bool:
        # The number stays when a repository is renamed. Without a forge all numbers are 0, and only names differ.
        if self.repository_id != asker.repository_id:
            return False
        return asker.repository_id != "0" or not asker.repository or self.repository in ("", asker.repository)


def _refuse_unmanaged(namespace: Manifest, identity: Identity) -> None:
    labels: Mapping[str, str] = namespace["metadata"].get("labels") or {}
    expected = {
        "app.kubernetes.io/managed-by": MANAGER,
        "k8s-ee/project": identity.project,
        "k8s-ee/pr": str(identity.pr),
    }
    for label, value in expected.items():
        if labels.get(label) != value:
            found = f"is {labels[label]!r}" if label in labels else "is missing"
            raise RefusedError(
                f"namespace {identity.namespace} is not ours: its label {label} {found} and should be {value!r}; "
                f"nothing was deleted; whoever made it must remove it"
            )


def _owner_of_namespace(namespace: Manifest) -> _Owner:
    metadata = namespace["metadata"]
    return _Owner(
        repository=(metadata.get("annotations") or {}).get("k8s-ee/repository", ""),
        repository_id=metadata["labels"].get("k8s-ee/repository-id", ""),
    )


def _owner_of_record(record: Manifest) -> _Owner:
    spec = record.get("spec") or {}
    return _Owner(repository=spec.get("repository", ""), repository_id=str(spec.get("repositoryId", "")))
