# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a close may delete: decided by the labels of the namespace and the record, never by the PR's files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .names import Identity
from .objects import Manifest
from .ownership import Owner, is_open, refuse_foreign


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
    found = refuse_foreign(
        namespace,
        record,
        identity=identity,
        asker=Owner(repository=repository, repository_id=str(repository_id)),
        advice="nothing was deleted; close it from its own repository",
    )
    return TeardownPlan(
        namespace=identity.namespace,
        repository=next((owner.repository for owner in found if owner.repository), ""),
        delete_namespace=namespace is not None and not namespace["metadata"].get("deletionTimestamp"),
        await_namespace=namespace is not None,
        close_record=is_open(record),
    )
