# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of one environment take turns by a Lease; a newer run asks the older one to give way.

Protocol, on one ``coordination.k8s.io/v1`` Lease of the environment's name:

* ``spec.holderIdentity`` is the run that may write; it renews every 5 s.
* A Lease that nobody renewed for 15 s *of the observer's own clock* may be taken over. The times in the object are
  never compared with a local clock, so skew between machines does not matter.
* Annotation ``k8s-ee/sequence`` is the newest sequence that asked, and the repository whose order it belongs to. A
  holder or waiter that sees a newer one than its own ends as superseded.
* Every write carries the resource version it was decided on: of two that decide at once, one is told 409 and looks
  again.
"""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Any

from .clock import Clock, micro_timestamp
from .errors import ClusterError, RefusedError, SupersededError
from .names import MANAGER
from .objects import Manifest, Ref
from .ports import Cluster

DURATION_SECONDS = 15
RENEW_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_SEQUENCE = "k8s-ee/sequence"


class Turn:
    """The right to write one environment, as a context manager; :meth:`check` between any two writes.

    :param owner: the repository whose events ``sequence`` orders.
    :param sequence: this run's place in the order of events; higher is newer.
    :param holder: a random id of this run.
    :param wait_seconds: how long to wait for the run before us.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        ref: Ref,
        owner: str,
        sequence: int,
        holder: str,
        wait_seconds: float,
        clock: Clock,
    ) -> None:
        self._cluster = cluster
        self._ref = ref
        self._owner = owner
        self._sequence = sequence
        self._holder = holder
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._stop = threading.Event()
        self._lost: Exception | None = None
        self._renewed_at = clock.monotonic()
        self._renewer: threading.Thread | None = None

    def __enter__(self) -> Turn:
        """Wait for the turn and keep it.

        :raises SupersededError: a newer run asked meanwhile.
        :raises RefusedError: the run before us did not end within ``wait_seconds``.
        """
        self._acquire()
        self._renewer = threading.Thread(target=self._renew, name=f"lease-{self._ref.name}", daemon=True)
        self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the turn back, so that the next run need not wait for the Lease to expire."""
        self._end_renewal()
        # Where the server is away the Lease expires by itself.
        with contextlib.suppress(ClusterError):
            self._give_back()

    def check(self) -> None:
        """Raise if the turn is no longer ours; where nothing was heard for 15 s, ask the server first.

        :raises SupersededError: a newer run asked for it.
        :raises ClusterError: another run took it.
        """
        if self._lost is None and self._clock.monotonic() - self._renewed_at >= DURATION_SECONDS:
            self._refresh()
        if self._lost is not None:
            raise self._lost

    def forget(self) -> None:
        """Delete the Lease in place of giving it back: its environment is gone."""
        self._end_renewal()
        # Where the server is away now, the Lease expires, and the next run of this environment takes it.
        with contextlib.suppress(ClusterError):
            lease = self._cluster.get(self._ref)
            if lease is not None and self._is_ours(lease) and self._asked(lease) <= self._sequence:
                self._cluster.delete(self._ref, uid=lease["metadata"]["uid"])

    def _end_renewal(self) -> None:
        self._stop.set()
        if self._renewer is not None:
            self._renewer.join(timeout=RENEW_SECONDS)

    def _acquire(self) -> None:
        started = seen_at = self._clock.monotonic()
        seen = ""
        while True:
            asked_at = self._clock.monotonic()
            lease = self._cluster.get(self._ref)
            now = self._clock.monotonic()
            if lease is None:
                if self._create():
                    return
            else:
                self._give_way(lease)
                # What we could not see for want of an answer is no silence of the holder.
                if _renewal(lease) != seen or now - asked_at >= RENEW_SECONDS:
                    seen, seen_at = _renewal(lease), now
                if self._is_free(lease) or now - seen_at >= DURATION_SECONDS:
                    if self._write(self._claim(lease)):
                        return
                    # Somebody was first, so there is news: no need to sleep before looking.
                    continue
                if self._asked(lease) < self._sequence:
                    self._write(self._asking(lease))
            if now - started >= self._wait_seconds:
                holder = lease["spec"].get("holderIdentity") if lease else "unknown"
                raise RefusedError(
                    f"{self._ref.name}: another run ({holder}) has worked on it for {self._wait_seconds:g} s; "
                    f"run again when it has ended"
                )
            self._clock.sleep(_LOOK_SECONDS)

    def _renew(self) -> None:
        pause = RENEW_SECONDS
        while not self._stop.wait(pause):
            pause = RENEW_SECONDS if self._refresh() else 1.0

    def _refresh(self) -> bool:
        """Renew once and note what is learnt; False where it did not work and should be tried again soon."""
        try:
            lease = self._cluster.get(self._ref)
            if lease is None or not self._is_ours(lease):
                self._lost = ClusterError(f"{self._ref.name}: another run took over; run again to see its result")
                return True
            try:
                self._give_way(lease)
            except SupersededError as error:
                # Renewed all the same: until this run has stopped, nobody else may write.
                self._lost = error
            return self._write(self._claim(lease))
        except ClusterError:
            return False

    def _give_back(self) -> None:
        while True:
            lease = self._cluster.get(self._ref)
            if lease is None or not self._is_ours(lease):
                return
            lease["spec"]["holderIdentity"] = ""
            if self._write(lease):
                return

    def _give_way(self, lease: Manifest) -> None:
        asked = self._asked(lease)
        if asked > self._sequence:
            raise SupersededError(f"{self._ref.name}: sequence {self._sequence} gives way to {asked}")

    def _create(self) -> bool:
        try:
            self._cluster.create(self._claim(None))
        except ClusterError as error:
            if error.status == 404:
                raise RefusedError(
                    f"namespace {self._ref.namespace} is missing; apply role ephemeral.k8s.guardrails first"
                ) from None
            if error.status == 409:
                return False
            raise
        self._renewed_at = self._clock.monotonic()
        return True

    def _write(self, lease: Manifest) -> bool:
        """True when the write took effect; False when somebody else was first."""
        at = self._clock.monotonic()
        try:
            self._cluster.replace(lease)
        except ClusterError as error:
            if error.status in (404, 409):
                return False
            raise
        self._renewed_at = at
        return True

    def _is_ours(self, lease: Manifest) -> bool:
        return bool(lease["spec"].get("holderIdentity") == self._holder)

    def _is_free(self, lease: Manifest) -> bool:
        return lease["spec"].get("holderIdentity") in (None, "", self._holder)

    def _claim(self, lease: Manifest | None) -> Manifest:
        now = micro_timestamp(self._clock.now())
        spec: dict[str, Any] = dict(lease["spec"]) if lease else {}
        ours = spec.get("holderIdentity") == self._holder
        spec.update(holderIdentity=self._holder, leaseDurationSeconds=DURATION_SECONDS, renewTime=now)
        if not ours:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + (1 if lease else 0)
        return {**self._asking(lease), "spec": spec}

    def _asking(self, lease: Manifest | None) -> Manifest:
        metadata: dict[str, Any] = dict(lease["metadata"]) if lease else {}
        metadata.pop("managedFields", None)
        metadata.update(name=self._ref.name, namespace=self._ref.namespace)
        metadata["labels"] = {**metadata.get("labels", {}), "app.kubernetes.io/managed-by": MANAGER}
        newest = max(self._sequence, self._asked(lease) if lease else 0)
        metadata["annotations"] = {**metadata.get("annotations", {}), _SEQUENCE: f"{newest} {self._owner}"}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": lease["spec"] if lease else {},
        }

    def _asked(self, lease: Manifest) -> int:
        """The newest sequence that our repository asked for; another's order of events says nothing about ours."""
        text, _, owner = lease["metadata"].get("annotations", {}).get(_SEQUENCE, "").partition(" ")
        return int(text) if text.isdigit() and owner == self._owner else 0


def drop_free(cluster: Cluster, ref: Ref) -> None:
    """Delete a Lease that nobody holds, left behind by a run that was killed after its environment was gone."""
    lease = cluster.get(ref)
    if lease is not None and not lease["spec"].get("holderIdentity"):
        cluster.delete(ref, uid=lease["metadata"]["uid"])


def _renewal(lease: Manifest) -> str:
    # Not the resource version: a waiter's annotation would look like a sign of life of the holder.
    spec = lease["spec"]
    return f"{spec.get('holderIdentity')} {spec.get('renewTime')}"
