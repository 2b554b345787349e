# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers on loopback, with a certificate authority of their own, for tests of the two adapters."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "hunter2-hunter2"
# Python 3.13 takes no authority that does not say what its key is for.
SIGNS = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    sni: str | None


Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A running server: answers in turn, then 200 with an empty object for ever."""

    port: int
    scheme: str
    answers: list[Respond] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def last(self) -> Asked:
        """The newest request."""
        return self.asked[-1]


def says(body: Any = None, status: int = 200, **headers: str) -> Respond:
    """Answer with JSON, or with text as it is; ``Retry_After="3"`` becomes header ``Retry-After``."""
    raw = body.encode() if isinstance(body, str) else json.dumps({} if body is None else body).encode()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if status != 204:
            handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        if status != 204:
            handler.wfile.write(raw)

    return respond


def drops(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def streams(*chunks: bytes, until: threading.Event | None = None, broken: bool = False) -> Respond:
    """Send these chunks, then wait for ``until``; ``broken`` leaves the stream without its end."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in chunks:
            handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            handler.wfile.flush()
        if until is not None:
            until.wait(10)
        if broken:
            drops(handler)
        else:
            handler.wfile.write(b"0\r\n\r\n")

    return respond


def kubeconfig(folder: Path, server: str, *, ca: Path | None = None, token: str = TOKEN) -> str:
    """Path of a kubeconfig whose context ``here`` leads to this server."""
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [
            {"name": "c", "cluster": {"server": server, **({"certificate-authority": str(ca)} if ca else {})}}
        ],
        "users": [{"name": "u", "user": {"token": token} if token else {}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)


def refused(status: int, message: str = "no", **more: Any) -> Respond:
    """Answer as the API server refuses."""
    return says({"kind": "Status", "message": message, **more}, status)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on a free port of loopback."""
    server: Server
    names: dict[int, str | None] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            server.asked.append(
                Asked(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query)),
                    headers=dict(self.headers.items()),
                    body=json.loads(raw) if raw else None,
                    sni=names.get(self.connection.fileno()),
                )
            )
            respond = server.answers.pop(0) if server.answers else says()
            with suppress(OSError):
                respond(self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 - http.server calls them by these names

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            raw, address = super().get_request()
            return (tls.wrap_socket(raw, server_side=True) if tls else raw), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is what some tests are about."""

    if tls is not None:
        tls.sni_callback = lambda sock, name, _: names.__setitem__(sock.fileno(), name)
    with Listener(("127.0.0.1", 0), Handler) as listener:
        server = Server(port=listener.server_address[1], scheme="https" if tls else "http")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority of {folder.name}")])
        self.file = folder / "ca.crt"
        ca = self._signed(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None), SIGNS)
        self.file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: x509.GeneralName) -> ssl.SSLContext:
        """What a server of these names needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._signed(subject, key, x509.SubjectAlternativeName(names))
        both = self._folder / "server.pem"
        both.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        ours = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ours), critical=False)
        )
        for extension in extensions:
            critical = not isinstance(extension, x509.SubjectAlternativeName)
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())
