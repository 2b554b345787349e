# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report that the forge did not take, kept on the environment's record until somebody delivers it.

It is an annotation of the record: the sweep, which reads all records anyway, finds it there, and the next run, which
puts its own request on record, drops it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from .errors import ClusterError
from .objects import Manifest, Ref
from .ports import Cluster
from .view import View

ANNOTATION: Final = "k8s-ee/undelivered-report"
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """What is still to be told.

    :param since: when it was to be told first, RFC 3339.
    :param reason: why the forge did not take it.
    """

    view: View
    since: str
    reason: str

    @classmethod
    def of(cls, record: Manifest) -> Undelivered | None:
        """What a record keeps; None where it keeps nothing that can be read."""
        text = (record["metadata"].get("annotations") or {}).get(ANNOTATION, "")
        try:
            tree: dict[str, Any] = json.loads(text) if text else {}
            return cls(view=View.parse(tree["view"]), since=str(tree["since"]), reason=str(tree["reason"]))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def text(self) -> str:
        """As the annotation has it."""
        tree = {"since": self.since, "reason": self.reason, "view": self.view.as_dict()}
        return json.dumps(tree, separators=(",", ":"))


def keep(cluster: Cluster, record: Ref, undelivered: Undelivered | None) -> bool:
    """Put it on record, or, with None, take off what is there; False where there is no record.

    :raises ClusterError: where the cluster does not take it.
    """
    tries = 0
    while (found := cluster.get(record)) is not None:
        tries += 1
        try:
            cluster.apply(_annotated(found, undelivered))
        except ClusterError as error:
            if error.status != 409 or tries == _TRIES:
                raise
        else:
            return True
    return False


def _annotated(found: Manifest, undelivered: Undelivered | None) -> Manifest:
    """All that we own of a record, since what an apply leaves out is taken off."""
    metadata = found["metadata"]
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels", {}),
            "annotations": {ANNOTATION: undelivered.text()} if undelivered else {},
            # A run that writes its request at the same time is not set back to the one before.
            "resourceVersion": metadata["resourceVersion"],
        },
        "spec": found["spec"],
    }
