# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that cannot be had: a registry that refuses, and an index for another processor in the sandbox's own."""

from __future__ import annotations

import hashlib
import json
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

OTHER_PROCESSOR = {"x86_64": "arm64"}.get(platform.machine(), "amd64")

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class RefusingRegistry(ThreadingHTTPServer):
    """Answers every pull as public registries answer what they do not give.

    ``<address>/private/x`` wants a token, which it refuses as GHCR does; of ``/limited/x`` nobody may pull more.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusal)

    @property
    def address(self) -> str:
        """As the beginning of an image's name; runtimes speak plain HTTP to this host."""
        return f"localhost:{self.server_port}"


class _Refusal(BaseHTTPRequestHandler):
    server: RefusingRegistry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Refuse."""
        headers: dict[str, str] = {}
        if self.path.startswith("/token"):
            status, code = 403, "DENIED"
        elif self.path.startswith("/v2/limited/"):
            status, code = 429, "TOOMANYREQUESTS"
        else:
            status, code = 401, "UNAUTHORIZED"
            realm = f"http://{self.server.address}/token"
            headers["WWW-Authenticate"] = f'Bearer realm="{realm}",service="{self.server.address}"'
        body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_GET  # noqa: N815 - the library's names

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def refusing_registry() -> Iterator[RefusingRegistry]:
    """One that listens on a free port of loopback."""
    with RefusingRegistry() as registry:
        threading.Thread(target=registry.serve_forever, daemon=True).start()
        try:
            yield registry
        finally:
            registry.shutdown()


def push_for_another_processor(registry: str, name: str, tag: str, *, new_tag: str) -> str:
    """Put an index into a registry that offers an image of it to another processor alone, as a build for one does.

    :param registry: its host and port.
    :return: the name of the new image.
    """
    pool = urllib3.PoolManager()
    manifests = f"http://127.0.0.1:{registry.rpartition(':')[2]}/v2/{name}/manifests"
    image = pool.request("GET", f"{manifests}/{tag}", headers={"Accept": ", ".join(_MANIFESTS)})
    assert image.status == 200, image.data
    entry = {
        "mediaType": image.headers["Content-Type"],
        "digest": f"sha256:{hashlib.sha256(image.data).hexdigest()}",
        "size": len(image.data),
        "platform": {"architecture": OTHER_PROCESSOR, "os": "linux"},
    }
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]}
    pushed = pool.request(
        "PUT", f"{manifests}/{new_tag}", body=json.dumps(index), headers={"Content-Type": _INDEX}, retries=False
    )
    assert pushed.status == 201, pushed.data
    return f"{registry}/{name}:{new_tag}"
