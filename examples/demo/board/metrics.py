# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters of requests, in the text format of Prometheus."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping


class Metrics:
    """Counts requests by route, method and status; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def note(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; ``route`` is a route's name and never a visitor's text."""
        with self._lock:
            self._requests[route, method, status] += 1
            self._seconds[route] += seconds

    def text(self, *, entries: Mapping[str, int] | None) -> str:
        """All of it.

        :param entries: how many of each verdict; None where the database does not answer.
        """
        with self._lock:
            requests, seconds = sorted(self._requests.items()), sorted(self._seconds.items())
        lines = ["# HELP board_requests_total Requests answered.", "# TYPE board_requests_total counter"]
        lines += [
            f'board_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
            for (route, method, status), count in requests
        ]
        lines += [
            "# HELP board_request_seconds_total Time spent on them.",
            "# TYPE board_request_seconds_total counter",
        ]
        lines += [f'board_request_seconds_total{{route="{route}"}} {spent:.6f}' for route, spent in seconds]
        lines += ["# HELP board_database_up Whether the database answers.", "# TYPE board_database_up gauge"]
        lines += [f"board_database_up {int(entries is not None)}"]
        if entries is not None:
            lines += ["# HELP board_entries Entries on the board.", "# TYPE board_entries gauge"]
            lines += [f'board_entries{{verdict="{verdict}"}} {count}' for verdict, count in sorted(entries.items())]
        return "\n".join(lines) + "\n"
