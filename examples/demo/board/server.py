# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP around the board: sockets, headers, limits and one log line for each request."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .answers import BODY_MAX, Answer, Board, Request
from .metrics import Metrics

# Scripts and styles come from here alone, so that an entry could not run anything even if it were not escaped.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_SLOW_CLIENT_SECONDS = 10

Log = Callable[..., None]


class Server(ThreadingHTTPServer):
    """Serves the board on all addresses, a thread for each request; stopping waits for those that are under way."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *, port: int, board: Board, metrics: Metrics, log: Log) -> None:
        self.board = board
        self.metrics = metrics
        self.log = log
        super().__init__(("", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "board"
    sys_version = ""
    timeout = _SLOW_CLIENT_SECONDS

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _serve(self) -> None:
        began = time.monotonic()
        try:
            answer = self._answer()
        except Exception as error:  # noqa: BLE001 - a visitor gets an answer whatever went wrong
            self.server.log("request failed", level="error", error=f"{type(error).__name__}: {error}")
            answer = Answer(status=500, route="other", body=b"the board failed; its log says why\n")
        self._send(answer)
        seconds = time.monotonic() - began
        method = self.command if self.command in ("GET", "HEAD", "POST") else "other"
        self.server.metrics.note(route=answer.route, method=method, status=answer.status, seconds=seconds)
        # The kubelet asks all day; only what is new is worth a line.
        if answer.route not in ("health", "metrics") or answer.status >= 400:
            self.server.log(
                "request",
                method=method,
                path=self.path.partition("?")[0][:200],
                status=answer.status,
                milliseconds=round(seconds * 1000, 1),
            )

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815 - the library's names

    def _answer(self) -> Answer:
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            return Answer(status=411, route="other", body=b"send a Content-Length\n")
        if int(length) > BODY_MAX:
            return Answer(status=413, route="other", body=f"at most {BODY_MAX} bytes fit\n".encode())
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self.server.board.answer(Request(method=self.command, path=self.path, headers=headers, body=body))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {**_HEADERS, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *arguments: Any) -> None:
        """Drop the library's own lines: each request has one of ours."""
