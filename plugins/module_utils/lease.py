# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of one environment take turns by a Lease; a newer run asks the older one to give way.

Protocol, on one ``coordination.k8s.io/v1`` Lease of the environment's name:

* ``spec.holderIdentity`` is the run that may write; it renews every 5 s.
* A Lease that nobody renewed for 15 s *of the observer's own clock* may be taken over. The times in the object are
  never compared with a local clock, so skew between machines does not matter.
* Annotation ``k8s-ee/sequence`` is the newest sequence that asked. A holder or waiter that sees a newer one than its
  own ends as superseded.
* Every write carries the resource version it was decided on: of two that decide at once, one is told 409 and looks
  again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
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

    :param sequence: this run's place in the order of events; higher is newer.
    :param holder: a random id of this run.
    :param wait_seconds: how long to wait for the run before us.
    """

    def __init__(
        self, cluster: Cluster, *, ref: Ref, sequence: int, holder: str, wait_seconds: float, clock: Clock
    ) -> None:
        self._cluster = cluster
        self._ref = ref
        self._sequence = sequence
        self._holder = holder
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._stop = threading.Event()
        self._lost: Exception | None = None
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
        self._stop.set()
        if self._renewer is not None:
            self._renewer.join(timeout=RENEW_SECONDS)
        try:
            self._give_back()
        except ClusterError:
            # The server is away or took the Lease from us; it expires by itself.
            return

    def check(self) -> None:
        """Raise if the turn is no longer ours.

        :raises SupersededError: a newer run asked for it.
        :raises ClusterError: it expired, because the server could not be reached for 15 s.
        """
        if self._lost is not None:
            raise self._lost

    def forget(self) -> None:
        """Delete the Lease in place of giving it back: its environment is gone."""
        self._stop.set()
        if self._renewer is not None:
            self._renewer.join(timeout=RENEW_SECONDS)
        lease = self._cluster.get(self._ref)
        if lease is not None and lease["spec"].get("holderIdentity") == self._holder and not self._newer(lease):
            self._cluster.delete(self._ref, uid=lease["metadata"]["uid"])

    def _acquire(self) -> None:
        started = self._clock.monotonic()
        seen_version, seen_at = "", started
        while True:
            lease = self._cluster.get(self._ref)
            now = self._clock.monotonic()
            if lease is None:
                if self._write(self._cluster.create, self._claim(None)):
                    return
                continue
            self._give_way(lease)
            version = _renewal(lease)
            if version != seen_version:
                seen_version, seen_at = version, now
            free = lease["spec"].get("holderIdentity") in (None, "", self._holder)
            if free or now - seen_at >= DURATION_SECONDS:
                if self._write(self._cluster.replace, self._claim(lease)):
                    return
                continue
            if _asked(lease) < self._sequence and not self._write(self._cluster.replace, self._asking(lease)):
                continue
            if now - started >= self._wait_seconds:
                raise RefusedError(
                    f"{self._ref.name}: another run ({lease['spec']['holderIdentity']}) has worked on it for "
                    f"{self._wait_seconds:g} s; run again when it has ended"
                )
            self._clock.sleep(_LOOK_SECONDS)

    def _renew(self) -> None:
        renewed = self._clock.monotonic()
        pause = RENEW_SECONDS
        while not self._stop.wait(pause):
            pause = 1.0
            try:
                lease = self._cluster.get(self._ref)
                if lease is None or lease["spec"].get("holderIdentity") != self._holder:
                    self._lost = ClusterError(f"{self._ref.name}: another run took over; run again to see its result")
                    return
                self._give_way(lease)
                if self._write(self._cluster.replace, self._claim(lease)):
                    renewed = self._clock.monotonic()
                    pause = RENEW_SECONDS
            except SupersededError as error:
                self._lost = error
                return
            except ClusterError as error:
                if self._clock.monotonic() - renewed >= DURATION_SECONDS:
                    self._lost = error
                    return

    def _give_back(self) -> None:
        while True:
            lease = self._cluster.get(self._ref)
            if lease is None or lease["spec"].get("holderIdentity") != self._holder:
                return
            lease["spec"]["holderIdentity"] = ""
            if self._write(self._cluster.replace, lease):
                return

    def _give_way(self, lease: Manifest) -> None:
        if self._newer(lease):
            raise SupersededError(f"{self._ref.name}: sequence {self._sequence} gives way to {_asked(lease)}")

    def _newer(self, lease: Manifest) -> bool:
        return _asked(lease) > self._sequence

    def _write(self, write: Callable[[Manifest], Manifest], lease: Manifest) -> bool:
        """True when the write took effect; False when somebody else was first."""
        try:
            write(lease)
        except ClusterError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def _claim(self, lease: Manifest | None) -> Manifest:
        now = micro_timestamp(self._clock.now())
        ours = lease is not None and lease["spec"].get("holderIdentity") == self._holder
        spec: dict[str, Any] = dict(lease["spec"]) if lease else {}
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
        metadata["annotations"] = {**metadata.get("annotations", {}), _SEQUENCE: str(self._sequence)}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": lease["spec"] if lease else {},
        }


def _asked(lease: Manifest) -> int:
    text = lease["metadata"].get("annotations", {}).get(_SEQUENCE, "0")
    return int(text) if text.isdigit() else 0


def _renewal(lease: Manifest) -> str:
    # Not the resource version: a waiter's annotation would look like a sign of life of the holder.
    spec = lease["spec"]
    return f"{spec.get('holderIdentity')} {spec.get('renewTime')}"
