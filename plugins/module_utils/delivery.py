# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a report to its pull request: with what the record knows, and onto the record where the forge is away.

Nothing here fails for the forge's sake, nor for the record's: an environment is worth more than the words about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .clock import Clock, timestamp
from .errors import ClusterError, ForgeError
from .objects import Manifest, Ref
from .pace import medians
from .ports import Cluster, Forge
from .pull_request import Report, publish
from .record import KIND
from .sticky import Sticky
from .undelivered import Undelivered, keep
from .view import Links, View, compose


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of a report.

    :param report: None where the forge did not take it.
    :param reason: why not; empty where it did.
    :param kept: whether the record keeps it for later.
    :param notes: what somebody should look at, a sentence each.
    """

    report: Report | None
    reason: str = ""
    kept: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The way there.

    :param authors: logins under which the platform writes.
    :param cluster: where records are; None leaves them alone.
    :param namespace: that of the records.
    :param repository_id: the forge's number of the repository; by it an environment without a name is found.
    """

    forge: Forge
    clock: Clock
    authors: Sequence[str]
    cluster: Cluster | None = None
    namespace: str = ""
    repository_id: int = 0

    def tell(
        self,
        view: View,
        *,
        preview: Mapping[str, Any] | None = None,
        previous: Sticky | None = None,
        check: bool = False,
    ) -> Delivered:
        """Tell a view, after adding what the run's result and the record know.

        :param preview: the run's result, in the shape of the contracts.
        """
        view = compose(view, preview=preview, status=None)
        notes: list[str] = []
        view = replace(view, environment=view.environment or self._name(view, notes))
        records = self._records(view, notes)
        record = next((each for each in records if each["metadata"]["name"] == view.environment), None)
        view = _recorded(compose(view, preview=preview, status=(record or {}).get("status")), record, records)
        owed = Undelivered.of(record) if record else None
        try:
            report = publish(self.forge, view, authors=self.authors, previous=previous, check=check)
        except ForgeError as error:
            reason = str(error)
            notes.append(reason)
            since = owed.since if owed else timestamp(self.clock.now())
            owed = Undelivered(view=view, since=since, reason=reason)
            kept = record is not None and not check and self._note(view, owed, notes)
            return Delivered(report=None, reason=reason, kept=kept, notes=tuple(notes))
        if owed and not check:
            self._note(view, None, notes)
        return Delivered(report=report, notes=(*notes, *report.refused))

    def _name(self, view: View, notes: list[str]) -> str:
        """The pull request's environment, where it has one alone."""
        if not self.repository_id:
            return ""
        found = self._listed(f"k8s-ee/pr={view.pr},k8s-ee/repository-id={self.repository_id}", notes)
        return str(found[0]["metadata"]["name"]) if len(found) == 1 else ""

    def _records(self, view: View, notes: list[str]) -> tuple[Manifest, ...]:
        """All records of the environment's project."""
        return self._listed(f"k8s-ee/project={view.project}", notes) if view.environment else ()

    def _listed(self, labels: str, notes: list[str]) -> tuple[Manifest, ...]:
        if self.cluster is None:
            return ()
        try:
            return self.cluster.list(KIND, namespace=self.namespace, labels=labels).items
        except ClusterError as error:
            notes.append(f"told without expiry, pin and usual times: {error}")
            return ()

    def _note(self, view: View, owed: Undelivered | None, notes: list[str]) -> bool:
        """Whether the record says now what is still owed."""
        try:
            return self.cluster is not None and keep(self.cluster, Ref(KIND, view.environment, self.namespace), owed)
        except ClusterError as error:
            notes.append(str(error))
            return False


def with_place(links: Links, namespace: str) -> Links:
    """Links whose ``{namespace}`` is filled in; those that need one are left out where there is none."""

    def filled(link: str) -> str:
        return link.replace("{namespace}", namespace) if namespace or "{namespace}" not in link else ""

    return Links(grafana=filled(links.grafana), logs=filled(links.logs), run=links.run)


def _recorded(view: View, record: Manifest | None, others: Sequence[Manifest]) -> View:
    """With the project's usual times, and with commit and branch of the record where the event named none."""
    spec: Mapping[str, Any] = (record or {}).get("spec", {})

    def known(name: str) -> str:
        text = str(spec.get(name) or "")
        return "" if text == "unknown" else text

    return replace(
        view,
        median=medians(others, besides=view.environment),
        commit=view.commit or known("commit"),
        branch=view.branch or known("branch"),
        links=with_place(view.links, view.environment),
    )
