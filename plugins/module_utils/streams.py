# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch as the API server streams it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import urllib3

from .errors import ClusterError
from .ports import WatchEvent


class KubernetesWatch:
    """An open watch on a streamed response, one JSON document a line."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self._closed = False

    def __iter__(self) -> Iterator[WatchEvent]:
        """Changes as they come."""
        pending = b""
        try:
            for chunk in self._response.stream(amt=None):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in filter(None, lines):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise ClusterError(f"watch ended: {status.get('message')}", status=int(status.get("code") or 0))
                    yield WatchEvent(type=event["type"], object=event["object"])
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            # A broken stream is an ended stream: whoever reads lists again and goes on.
            return
        finally:
            self._response.close()

    def close(self) -> None:
        """End it: the reading thread is woken, and closes the connection itself."""
        if not self._closed:
            self._closed = True
            # urllib3 has these two for a response that has ended by itself, the system its own for the connection.
            with suppress(ValueError, RuntimeError, OSError):
                self._response.shutdown()
