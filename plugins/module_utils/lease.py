# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of one environment take turns by a Lease; a newer run asks the older one to give way.

Protocol, on one ``coordination.k8s.io/v1`` Lease of the environment's name:

* ``spec.holderIdentity`` is the run that may write; it renews every 5 s.
* A Lease that nobody renewed for 15 s *of the observer's own clock* may be taken over. The times in the object are
  never compared with a local clock, so skew between machines does not matter. Where the observer's kernel knows that
  the holder's process has ended (annotation ``k8s-ee/process``), it need not wait.
* Annotation ``k8s-ee/sequence`` is the newest sequence that asked, and the repository whose order it belongs to. A
  holder or waiter that sees a newer one than its own ends as superseded.
* Every write carries the resource version it was decided on: of two that decide at once, one is told 409 and looks
  again.
"""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType

from .clock import Clock
from .errors import ClusterError, RefusedError, SupersededError
from .lease_object import DURATION_SECONDS, Claim, process_of, renewal
from .liveness import NoProcesses, Processes
from .objects import Manifest, Ref
from .ports import Cluster

RENEW_SECONDS = 5.0
# How soon a holder notices that a newer run asks for its turn, and a waiter that the turn is free.
_NOTICE_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_UNKNOWN = NoProcesses()


class Turn:
    """The right to write one environment, as a context manager; :meth:`check` between any two writes.

    :param owner: the repository whose events ``sequence`` orders.
    :param sequence: this run's place in the order of events; higher is newer.
    :param holder: a random id of this run.
    :param wait_seconds: how long to wait for the run before us.
    :param processes: tells whether the process of a holder has ended.
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
        processes: Processes = _UNKNOWN,
    ) -> None:
        self._cluster = cluster
        self._ref = ref
        self._claim = Claim(ref=ref, owner=owner, sequence=sequence, holder=holder, process=processes.here())
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._processes = processes
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
        # Should a write of ours still be about to go out, it must not.
        self._lost = self._lost or ClusterError(f"{self._ref.name}: this run has given its turn back")
        # Where the server is away the Lease expires by itself.
        with contextlib.suppress(ClusterError):
            self._give_back()

    def check(self) -> None:
        """Raise if the turn is no longer ours; where nothing was heard for 15 s, ask the server first.

        :raises SupersededError: a newer run asked for it.
        :raises ClusterError: another run took it, or may have, for all that the server says.
        """
        if self._lost is None and self._is_stale():
            self._refresh()
        if self._lost is not None:
            raise self._lost
        if self._is_stale():
            raise ClusterError(
                f"{self._ref.name}: the API server did not say within {DURATION_SECONDS} s whether it is still this "
                f"run's turn; run again"
            )

    def forget(self) -> None:
        """Delete the Lease in place of giving it back: its environment is gone."""
        self._end_renewal()
        # Where the server is away now, the Lease expires, and the next run of this environment takes it.
        with contextlib.suppress(ClusterError):
            lease = self._cluster.get(self._ref)
            if lease is not None and self._claim.is_ours(lease) and self._claim.newest(lease) <= self._claim.sequence:
                # As it was seen: whoever has taken it over since must not lose it.
                self._cluster.delete(self._ref, version=lease["metadata"]["resourceVersion"])

    def _is_stale(self) -> bool:
        return self._clock.monotonic() - self._renewed_at >= DURATION_SECONDS

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
                if renewal(lease) != seen or now - asked_at >= RENEW_SECONDS:
                    seen, seen_at = renewal(lease), now
                if self._may_be_taken(lease) or now - seen_at >= DURATION_SECONDS:
                    if self._write(self._taken(lease)):
                        return
                    # Somebody was first, so there is news: no need to sleep before looking.
                    continue
                if self._claim.newest(lease) < self._claim.sequence:
                    self._write(self._claim.asked_for(lease))
            if now - started >= self._wait_seconds:
                holder = lease["spec"].get("holderIdentity") if lease else "unknown"
                raise RefusedError(
                    f"{self._ref.name}: another run ({holder}) has worked on it for {self._wait_seconds:g} s; "
                    f"run again when it has ended"
                )
            self._clock.sleep(_LOOK_SECONDS)

    def _may_be_taken(self, lease: Manifest) -> bool:
        return self._claim.is_free(lease) or self._processes.is_gone(process_of(lease))

    def _renew(self) -> None:
        while not self._stop.wait(min(_NOTICE_SECONDS, RENEW_SECONDS)):
            self._refresh()

    def _refresh(self) -> None:
        """Note what has become of the Lease, and renew it once that is due; what does not work is tried again soon."""
        with contextlib.suppress(ClusterError):
            while True:
                lease = self._cluster.get(self._ref)
                if lease is None or not self._claim.is_ours(lease):
                    self._lost = ClusterError(f"{self._ref.name}: another run took over; run again to see its result")
                    return
                try:
                    self._give_way(lease)
                except SupersededError as error:
                    # Renewed all the same: until this run has stopped, nobody else may write.
                    self._lost = error
                # An answer may come when this run has ended already, and its Lease must not live on.
                due = self._clock.monotonic() - self._renewed_at >= RENEW_SECONDS and not self._stop.is_set()
                if not due or self._write(self._taken(lease)):
                    return

    def _give_back(self) -> None:
        while True:
            lease = self._cluster.get(self._ref)
            if lease is None or not self._claim.is_ours(lease):
                return
            lease["spec"]["holderIdentity"] = ""
            if self._write(lease):
                return

    def _give_way(self, lease: Manifest) -> None:
        newest, ours = self._claim.newest(lease), self._claim.sequence
        if newest > ours:
            raise SupersededError(f"{self._ref.name}: sequence {ours} gives way to {newest}")

    def _create(self) -> bool:
        at = self._clock.monotonic()
        try:
            self._cluster.create(self._taken(None))
        except ClusterError as error:
            if error.status == 404:
                raise RefusedError(
                    f"namespace {self._ref.namespace} is missing; apply role ephemeral.k8s.guardrails first"
                ) from None
            if error.status == 409:
                return False
            raise
        self._renewed_at = at
        return True

    def _taken(self, lease: Manifest | None) -> Manifest:
        return self._claim.taken(lease, self._clock.now())

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
