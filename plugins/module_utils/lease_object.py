# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lease of an environment as one run reads and writes it; the protocol is in `lease.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .clock import micro_timestamp
from .names import MANAGER
from .objects import Manifest, Ref

DURATION_SECONDS = 15
_SEQUENCE = "k8s-ee/sequence"
_PROCESS = "k8s-ee/process"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One run's view of the Lease.

    :param owner: the repository whose events ``sequence`` orders.
    :param sequence: this run's place in the order of events; higher is newer.
    :param holder: a random id of this run.
    :param process: the mark of the process that runs it (`liveness.py`); empty where there is none.
    """

    ref: Ref
    owner: str
    sequence: int
    holder: str
    process: str = ""

    def taken(self, lease: Manifest | None, now: datetime) -> Manifest:
        """The Lease with us as its holder, renewed now."""
        spec: dict[str, Any] = dict(lease["spec"]) if lease else {}
        ours = spec.get("holderIdentity") == self.holder
        spec.update(holderIdentity=self.holder, leaseDurationSeconds=DURATION_SECONDS, renewTime=micro_timestamp(now))
        if not ours:
            spec["acquireTime"] = micro_timestamp(now)
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + (1 if lease else 0)
        asking = self.asked_for(lease)
        annotations = {**asking["metadata"]["annotations"], _PROCESS: f"{self.holder} {self.process}"}
        return {**asking, "metadata": {**asking["metadata"], "annotations": annotations}, "spec": spec}

    def asked_for(self, lease: Manifest | None) -> Manifest:
        """The Lease with our sequence among those that asked for it; its holder stays."""
        metadata: dict[str, Any] = dict(lease["metadata"]) if lease else {}
        metadata.pop("managedFields", None)
        metadata.update(name=self.ref.name, namespace=self.ref.namespace)
        metadata["labels"] = {**metadata.get("labels", {}), "app.kubernetes.io/managed-by": MANAGER}
        newest = max(self.sequence, self.newest(lease) if lease else 0)
        metadata["annotations"] = {**metadata.get("annotations", {}), _SEQUENCE: f"{newest} {self.owner}"}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": lease["spec"] if lease else {},
        }

    def newest(self, lease: Manifest) -> int:
        """The newest sequence that our repository asked for; another's order of events says nothing about ours."""
        text, _, owner = lease["metadata"].get("annotations", {}).get(_SEQUENCE, "").partition(" ")
        return int(text) if text.isdigit() and owner == self.owner else 0

    def is_ours(self, lease: Manifest) -> bool:
        """Whether we hold it."""
        return bool(lease["spec"].get("holderIdentity") == self.holder)

    def is_free(self, lease: Manifest) -> bool:
        """Whether nobody holds it, or we do: an answer to our claim may have been lost."""
        return lease["spec"].get("holderIdentity") in (None, "", self.holder)


def process_of(lease: Manifest) -> str:
    """The mark of its holder's process; empty where the holder gave none."""
    holder, _, mark = lease["metadata"].get("annotations", {}).get(_PROCESS, "").partition(" ")
    return str(mark) if holder and holder == lease["spec"].get("holderIdentity") else ""


def renewal(lease: Manifest) -> str:
    """What changes with every sign of life of the holder.

    Not the resource version: a waiter's annotation would look like one.
    """
    spec = lease["spec"]
    return f"{spec.get('holderIdentity')} {spec.get('renewTime')}"
