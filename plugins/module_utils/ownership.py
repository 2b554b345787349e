# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose an environment is: read from its namespace and its record, and held against whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import RefusedError
from .names import MANAGER, Identity
from .objects import Manifest


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A repository.

    :param repository: ``owner/name``; empty where nobody knows.
    :param repository_id: the forge's number of it as text, ``0`` where there is no forge; empty where nobody knows.
    """

    repository: str
    repository_id: str

    def __str__(self) -> str:
        return f"{self.repository or '(name unknown)'} (id {self.repository_id or 'unknown'})"

    def is_same_as(self, asker: Owner) -> bool:
        """The number stays when a repository is renamed. Without a forge all numbers are 0, and only names differ."""
        if self.repository_id != asker.repository_id:
            return False
        return asker.repository_id != "0" or not asker.repository or self.repository in ("", asker.repository)


def is_open(record: Manifest | None) -> bool:
    """Whether a record still claims its environment; one that says ``Destroyed`` is history, and another may follow."""
    return record is not None and (record.get("status") or {}).get("phase") != "Destroyed"


def is_of(record: Manifest | None, asker: Owner) -> bool:
    """Whether a record, open or history, is of the one who asks; True where there is none."""
    return record is None or _of_record(record).is_same_as(asker)


def owners(namespace: Manifest | None, record: Manifest | None, identity: Identity) -> tuple[Owner, ...]:
    """Who is written down as the owner.

    :raises RefusedError: where the namespace was not made by us.
    """
    found = []
    if namespace is not None:
        _refuse_unmanaged(namespace, identity)
        found.append(_of_namespace(namespace))
    if record is not None and is_open(record):
        found.append(_of_record(record))
    return tuple(found)


def refuse_foreign(
    namespace: Manifest | None, record: Manifest | None, *, identity: Identity, asker: Owner, advice: str
) -> tuple[Owner, ...]:
    """The owners that are written down, all of them the one who asks.

    :param advice: what whoever is refused should do.
    :raises RefusedError: where namespace or record are not ours, or another repository's; both are named.
    """
    found = owners(namespace, record, identity)
    for owner in found:
        if not owner.is_same_as(asker):
            raise RefusedError(
                f"environment {identity.namespace} belongs to repository {owner}, not to {asker}; {advice}"
            )
    return found


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
                f"nothing was changed; whoever made it must remove it"
            )


def _of_namespace(namespace: Manifest) -> Owner:
    metadata = namespace["metadata"]
    return Owner(
        repository=(metadata.get("annotations") or {}).get("k8s-ee/repository", ""),
        repository_id=metadata["labels"].get("k8s-ee/repository-id", ""),
    )


def _of_record(record: Manifest) -> Owner:
    spec = record.get("spec") or {}
    return Owner(repository=spec.get("repository", ""), repository_id=str(spec.get("repositoryId", "")))
