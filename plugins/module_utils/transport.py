# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one API server, which may be away, throttle or fail for a while."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3

from .clock import Clock
from .names import MANAGER
from .objects import Manifest
from .refusals import explain, no_kubernetes, unreachable

JSON = "application/json"
# The server ends a watch after so long; the socket gives up a little later, in case the server is gone silently.
WATCH_SECONDS = 30
_BUSY = frozenset({429, 500, 502, 503, 504})
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
# An API server that was silent for as long as it may be is given so much for what must still be tried.
_LAST_TRY_SECONDS = 0.5


_NOT_ASCII = re.compile("[\x7f-\uffff]")


def encoded(body: Manifest) -> bytes:
    """The body as JSON that is also YAML: as that the API server reads what is applied.

    YAML has no pairs of escapes for what lies beyond U+FFFF, such as an emoji in a branch's name.
    """
    return _NOT_ASCII.sub(_escape, json.dumps(body, ensure_ascii=False)).encode()


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\ufffd" if 0xD800 <= code < 0xE000 else f"\\u{code:04x}"


@dataclass
class _Absence:
    """Since when the server has given no useful answer, in monotonic seconds; None while it gives them.

    Shared by all that is asked at once: an outage is waited for once, not once for each request.
    """

    known: bool = False
    since: float | None = None


class ApiServer:
    """One API server; safe to use from several threads.

    :param headers: those of authentication, asked anew for each request: a token may have been renewed.
    :param patience: seconds for which an outage is sat out, all requests together: a request is repeated while the
        server is away, throttles (429) or fails (5xx). The very first request is not repeated: a wrong address should
        say so at once.
    """

    def __init__(
        self,
        host: str,
        *,
        pool: urllib3.PoolManager,
        headers: Callable[[], Mapping[str, str]],
        clock: Clock,
        patience: Callable[[], float],
    ) -> None:
        self.host = host
        self._pool = pool
        self._headers = headers
        self._clock = clock
        self._patience = patience
        self._absence = _Absence()
        self._check: Callable[[], None] = lambda: None

    def guarded(self, check: Callable[[], None]) -> ApiServer:
        """The same server for whoever may lose the right to write: ``check`` is asked before each try of a write."""
        guarded = copy.copy(self)
        guarded._check = check
        return guarded

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        once: bool = False,
    ) -> Manifest:
        """What it answers; the parameters are those of :meth:`open`.

        :raises ClusterError: where it refuses, or is no Kubernetes API server.
        """
        data = None if body is None else encoded(body)
        raw = self.open(method, path, query=query, body=data, content_type=content_type, accept=accept, once=once).data
        with suppress(ValueError):
            if isinstance(answer := json.loads(raw), dict):
                return answer
        raise no_kubernetes(self.host)

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        stream: bool = False,
        once: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """Its answer, with a status below 400.

        :param stream: leave the body to be read as it comes.
        :param once: do not repeat it.
        :raises ClusterError: where it refuses, or gives no useful answer for longer than our patience.
        """
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        described = {"Accept": accept, "User-Agent": MANAGER, "Content-Type": content_type}
        pause, absence = 0.1, self._absence
        failing_since: float | None = None
        while True:
            if method != "GET":
                self._check()
            began = self._clock.monotonic()
            left = self._left(began, absence.since, failing_since)
            read = WATCH_SECONDS + 5 if stream else min(_READ_SECONDS, left)
            try:
                response = self._pool.request(
                    method,
                    url,
                    body=body,
                    headers={**described, **self._headers()},
                    preload_content=not stream,
                    retries=False,
                    timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=read),
                )
            except (urllib3.exceptions.HTTPError, OSError) as error:
                failure = unreachable(self.host, error)
                retry_after, again = 0.0, absence.known
            else:
                absence.known = True
                if response.status not in _BUSY:
                    absence.since = None
                if response.status < 400:
                    return response
                failure = explain(method, path, response.status, response.data)
                retry_after, again = _seconds(response.headers.get("Retry-After")), response.status in _BUSY
            if once or not again:
                raise failure
            # Since it was tried, not since it was given up: a try may take all of our patience by itself.
            failing_since = began if failing_since is None else failing_since
            absence.since = since = began if absence.since is None else absence.since
            now, wait = self._clock.monotonic(), max(pause, retry_after)
            # What others are answered meanwhile (the Lease's renewal, say) must not keep this one here for ever.
            if now + wait > min(since, failing_since) + self._patience():
                raise failure
            self._clock.sleep(wait)
            pause = min(pause * 2, 2.0)

    def _left(self, now: float, *since: float | None) -> float:
        """For how long the next try may wait for an answer."""
        first = min((each for each in since if each is not None), default=now)
        return max(_LAST_TRY_SECONDS, first + self._patience() - now)


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 0.0
