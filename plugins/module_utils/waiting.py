# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live picture of some kinds of objects, kept by watches, and waiting on it.

Each kind is listed, then watched from that version by a thread of its own; a watch that ends, for whatever reason
("resource version too old" included), starts again with a list. The adapter ends every watch after half a minute, so
that a silent one cannot hide a change for longer.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from .clock import Clock
from .errors import ClusterError
from .objects import Manifest, Ref, ref
from .ports import Cluster, Watch, WatchEvent

_TICK_SECONDS = 0.5
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Scope:
    """What to follow: a kind, in one namespace or all, perhaps one name only."""

    kind: str
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True)
class _Listed:
    scope: Scope
    items: tuple[Manifest, ...]


_Change = _Listed | WatchEvent | ClusterError


class Picture:
    """The objects in some scopes as they are now, as a context manager.

    :param keep: which objects matter; the rest is forgotten at once.
    """

    def __init__(
        self, cluster: Cluster, scopes: tuple[Scope, ...], *, keep: Callable[[Manifest], bool] = lambda _: True
    ) -> None:
        self._cluster = cluster
        self._scopes = scopes
        self._keep = keep
        self._changes: queue.SimpleQueue[_Change] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._watches: dict[Scope, Watch] = {}
        self._missing = set(scopes)
        self.objects: dict[Ref, Manifest] = {}

    def __enter__(self) -> Picture:
        """Start following."""
        for scope in self._scopes:
            threading.Thread(target=self._follow, args=(scope,), name=f"watch-{scope.kind}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop following."""
        self._ended.set()
        for watch in list(self._watches.values()):
            watch.close()

    @property
    def complete(self) -> bool:
        """True once every scope has been listed."""
        return not self._missing

    def wait(
        self,
        done: Callable[[Picture], bool],
        *,
        clock: Clock,
        deadline: float,
        check: Callable[[], None],
    ) -> bool:
        """Wait until ``done`` holds; False at the deadline.

        :param done: asked after each change, and every half second, since patience runs out without any change.
        :param check: raises when the run has to stop.
        :param deadline: monotonic seconds of ``clock``.
        """
        while True:
            check()
            if self.complete and done(self):
                return True
            left = deadline - clock.monotonic()
            if left <= 0:
                return False
            self._absorb(min(left, _TICK_SECONDS))

    def _absorb(self, seconds: float) -> None:
        try:
            change = self._changes.get(timeout=seconds)
        except queue.Empty:
            return
        self._take(change)
        # What is already there is taken in one go: a burst of changes is looked at once.
        while not self._changes.empty():
            self._take(self._changes.get())

    def _take(self, change: _Change) -> None:
        match change:
            case ClusterError():
                raise change
            case _Listed(scope, items):
                self._missing.discard(scope)
                gone = [r for r in self.objects if r.kind == scope.kind and r.namespace == scope.namespace]
                gone = gone if not scope.name else [r for r in gone if r.name == scope.name]
                for named in gone:
                    del self.objects[named]
                self.objects.update((ref(item), item) for item in items if self._keep(item))
            case WatchEvent(type="DELETED", object=item):
                self.objects.pop(ref(item), None)
            case WatchEvent(object=item):
                if self._keep(item):
                    self.objects[ref(item)] = item

    def _follow(self, scope: Scope) -> None:
        fields = f"metadata.name={scope.name}" if scope.name else ""
        while not self._ended.is_set():
            try:
                listing = self._cluster.list(scope.kind, namespace=scope.namespace, fields=fields)
                self._changes.put(_Listed(scope, listing.items))
                watch = self._cluster.watch(
                    scope.kind, namespace=scope.namespace, name=scope.name, resource_version=listing.resource_version
                )
                self._watches[scope] = watch
                for event in watch:
                    self._changes.put(event)
                watch.close()
            except ClusterError as error:
                if error.status != 410:
                    self._changes.put(error)
                    return
            except Exception as error:  # noqa: BLE001 - a thread that ends in silence leaves its waiter to the deadline
                why = f"{type(error).__name__}: {error}"
                told = f"{scope.kind}: what the API server sends cannot be read ({why}); run again"
                self._changes.put(ClusterError(told))
                return
            # A server that ends each watch at once must not be asked without a pause.
            self._ended.wait(_PAUSE_SECONDS)
