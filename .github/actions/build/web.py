# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the few HTTP interfaces that a removal needs."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_TRIES: Final = 4
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT_SECONDS: Final = 30.0


class RegistryError(Exception):
    """The registry, or the way to it, failed; one line that names it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; an empty object where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect would carry the credentials elsewhere."""

    def redirect_request(self, *args: Any) -> None:
        """No request."""


class Web:
    """Sends requests, again where the failure may pass.

    :param sleep: handed in, for tests.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep, timeout_seconds: float = 30.0) -> None:
        self._sleep = sleep
        self._timeout_seconds = timeout_seconds
        self._opener = urllib.request.build_opener(_NoRedirect)

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """The answer, whatever its status.

        :raises RegistryError: where none comes.
        """
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
        for left in reversed(range(_TRIES)):
            try:
                answer = self._once(request)
            except OSError as error:
                if not left:
                    raise RegistryError(f"{method} {url}: no answer ({error})") from error
                self._sleep(2.0 ** (_TRIES - left - 1))
                continue
            if answer.status not in _PASSING or not left:
                return answer
            asked = answer.headers.get("retry-after", "")
            self._sleep(min(float(asked) if asked.isdecimal() else 2.0 ** (_TRIES - left - 1), _LONGEST_WAIT_SECONDS))
        raise AssertionError("the last try returns or raises")

    def _once(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as reply:
                return _answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    return Answer(status=status, headers={name.lower(): value for name, value in headers.items()}, body=body)
