# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened to one environment while several runs wanted it, in the order of the API server."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import closing
from types import TracebackType

import urllib3

from .apiserver import ENVIRONMENTS, LEASES, ApiServer, Object

_LONGEST_SECONDS = 300


class Chronicle:
    """Each version of an environment's record and of its Lease, and when it was seen, as a context manager."""

    def __init__(self, api: ApiServer, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._ended = threading.Event()
        self._seen: dict[str, list[tuple[float, Object]]] = {ENVIRONMENTS: [], LEASES: []}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Chronicle:
        for collection in self._seen:
            since = self._api.version(collection)
            thread = threading.Thread(target=self._follow, args=(collection, since), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    @property
    def turns(self) -> list[str]:
        """The runs that wrote to the record, in the order of their turns."""
        runs = [record.get("status", {}).get("run") for _, record in self._seen[ENVIRONMENTS]]
        return [run for run, _ in itertools.groupby(runs) if run]

    def ready_at(self, sequence: int) -> float:
        """The monotonic seconds at which a run of this sequence was on record as ready; never is infinitely late."""
        return min(
            (
                at
                for at, record in self._seen[ENVIRONMENTS]
                if record.get("status", {}).get("phase") == "Ready" and record["status"].get("sequence") == sequence
            ),
            default=float("inf"),
        )

    def outdone_at(self, sequence: int) -> float:
        """When a run newer than this sequence first asked for its turn; never is infinitely late."""
        return min((at for at, lease in self._seen[LEASES] if _asked(lease) > sequence), default=float("inf"))

    def _follow(self, collection: str, since: str) -> None:
        seen = self._api.watch(collection, since=since, seconds=_LONGEST_SECONDS, name=self._namespace)
        try:
            with closing(seen):
                for found in seen:
                    self._seen[collection].append((time.monotonic(), found))
                    if self._ended.is_set():
                        return
        except urllib3.exceptions.HTTPError:
            # Nobody reads it any more, and a later test may stop the API server under it.
            if not self._ended.is_set():
                raise


def _asked(lease: Object) -> int:
    return int(lease["metadata"].get("annotations", {}).get("k8s-ee/sequence", "0").split()[0])
