# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to the API server that fails on command: it throttles, errs, hangs up, goes away, cuts watches, slows writes.

Whoever uses its kubeconfig meets the faults; everybody else goes the straight way.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import urllib3
import yaml

from tests.unit.servers import kubeconfig

from .api_faults import TOO_OLD, Asked, Cut, Fault, HungUp, Late, Refused, Strikes, Where, everything

# Of one connection, not of what it carries (RFC 9110, 7.6.1); and what each side writes by itself.
_OWN_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "authorization", "date"}


class FaultyProxy:
    """A running proxy, as a context manager; plain HTTP on loopback, and a token of its own keeps others out.

    :param admin: kubeconfig of the API server, with a client certificate in it.
    :param folder: where its own ``kubeconfig`` is written.
    """

    def __init__(self, admin: Path, folder: Path) -> None:
        self.upstream = _upstream(admin, folder)
        self.token = secrets.token_urlsafe()
        self.asked: list[Asked] = []
        self._strikes: list[Strikes] = []
        self._lock = threading.Lock()
        # Bound and never listening: it keeps the port ours, and refuses, while the proxy is away.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{self._place.getsockname()[1]}"
        self.kubeconfig = kubeconfig(folder, url, token=self.token)
        self._listener: _Listener | None = None

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        self._place.close()
        self.upstream.close()

    @contextmanager
    def failing(self, fault: Fault, *, where: Where = everything) -> Iterator[Strikes]:
        """Switch a fault on for as long as the context lasts."""
        strikes = Strikes(fault, where)
        with self._lock:
            self._strikes.append(strikes)
        try:
            yield strikes
        finally:
            with self._lock:
                self._strikes.remove(strikes)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Break all connections and refuse new ones for as long as the context lasts."""
        self._leave()
        try:
            yield
        finally:
            self._listen()

    def has_met(self, where: Where) -> bool:
        """Whether such a request has been made."""
        with self._lock:
            return any(where(asked) for asked in self.asked)

    def met_by(self, asked: Asked) -> list[Fault]:
        """Note a request; the faults that it meets."""
        with self._lock:
            self.asked.append(asked)
            met = [strikes for strikes in self._strikes if strikes.where(asked)]
            for strikes in met:
                strikes.count += 1
            return [strikes.fault for strikes in met]

    def _listen(self) -> None:
        self._listener = _Listener(self._place.getsockname(), self)
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _leave(self) -> None:
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener.break_connections()
            self._listener = None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultyProxy) -> None:
        self.proxy = proxy
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        for connection in list(self._connections):
            _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def _any(self) -> None:
        proxy, parts = self.server.proxy, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(method=self.command, path=parts.path, is_watch="watch" in parse_qs(parts.query))
        if self.headers.get("Authorization") != f"Bearer {proxy.token}":
            return self._refuse(Refused(status=401))
        cut = Cut()
        for fault in proxy.met_by(asked):
            match fault:
                case Refused():
                    return self._refuse(fault)
                case HungUp():
                    return _hang_up(self.connection)
                case Late(seconds=seconds):
                    threading.Event().wait(seconds)
                case Cut():
                    cut = fault
        return self._pass_on(body, cut, is_watch=asked.is_watch)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 - http.server calls them by these names

    def _pass_on(self, body: bytes, cut: Cut, *, is_watch: bool) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS}
        try:
            answer = self.server.proxy.upstream.request(
                self.command, self.path, body=body or None, headers=headers, preload_content=False, decode_content=False
            )
        except urllib3.exceptions.HTTPError:
            return _hang_up(self.connection)
        if is_watch and answer.status == 200:
            return self._stream(answer, cut)
        self._answer(answer.status, answer.headers, answer.read(decode_content=False))
        return answer.release_conn()

    def _stream(self, answer: urllib3.BaseHTTPResponse, cut: Cut) -> None:
        self._head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
        timer = threading.Timer(cut.seconds or 0, _end, (answer,))
        if cut.seconds is not None:
            timer.start()
        try:
            for count, line in enumerate(_lines(answer) if cut.events != 0 else (), 1):
                self._chunk(line)
                if count == cut.events:
                    break
            if cut.too_old:
                self._chunk(TOO_OLD + b"\n")
            self.wfile.write(b"0\r\n\r\n")
        finally:
            timer.cancel()
            answer.close()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _refuse(self, fault: Refused) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "a test's fault"}
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        self._answer(fault.status, headers, json.dumps({**body, "code": fault.status}).encode())

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        kept = {name: value for name, value in headers.items() if name.lower() not in _OWN_HEADERS}
        self._head(status, {**kept, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


def _hang_up(connection: socket.socket) -> None:
    """The handler's next read then finds the end, and it closes the rest."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The events of a watch as they come; a stream that breaks has ended."""
    pending = b""
    with suppress(urllib3.exceptions.HTTPError, OSError):
        for chunk in answer.stream(amt=None, decode_content=False):
            *lines, pending = (pending + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines)


def _end(answer: urllib3.BaseHTTPResponse) -> None:
    with suppress(ValueError, RuntimeError, OSError):
        answer.shutdown()


def _upstream(admin: Path, folder: Path) -> urllib3.HTTPSConnectionPool:
    """Connections to the API server of an admin's kubeconfig, with the certificate in it."""
    document = yaml.safe_load(admin.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    texts = {key: base64.b64decode(value) for key, value in {**cluster, **user}.items() if key.endswith("-data")}
    tls = ssl.create_default_context(cadata=texts["certificate-authority-data"].decode())
    certificate = folder / "client.pem"
    certificate.write_bytes(texts["client-certificate-data"] + texts["client-key-data"])
    tls.load_cert_chain(certificate)
    certificate.unlink()
    to = urlsplit(cluster["server"])
    return urllib3.HTTPSConnectionPool(to.hostname, to.port, ssl_context=tls, maxsize=32, timeout=60, retries=False)
