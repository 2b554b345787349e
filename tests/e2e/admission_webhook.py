# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real admission webhook of a stranger: the API server asks it about every write in some namespaces."""

from __future__ import annotations

import base64
import ipaddress
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.unit.servers import Authority

from .conftest import Kubectl


@dataclass
class Webhook:
    """How it answers.

    :param seconds: how late.
    :param refuses: kinds that it denies, with what it says of each.
    :ivar asked: ``Kind/name`` of what it was asked about.
    :ivar places: the namespaces of that.
    """

    seconds: float = 0.0
    refuses: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)


@contextmanager
def admission(
    kubectl: Kubectl, folder: Path, webhook: Webhook, *, namespaces: Sequence[str], patience_seconds: int = 10
) -> Iterator[Webhook]:
    """The webhook is in force in these namespaces, on pain of refusal, for as long as the context lasts.

    :param patience_seconds: how long the API server waits for its answer.
    """
    own = folder / "webhook"
    own.mkdir()
    authority = Authority(own)
    tls = authority.server(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    name = f"{namespaces[0]}.faults.example.org"

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """The API server hangs up on an answer that is too late."""

    with Listener(("127.0.0.1", 0), _handler(webhook)) as listener:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        address = f"https://127.0.0.1:{listener.server_address[1]}/"
        configuration = own / "configuration.json"
        configuration.write_text(
            json.dumps(_configuration(name, address, authority.file.read_bytes(), namespaces, patience_seconds))
        )
        kubectl("apply", "-f", str(configuration))
        try:
            yield webhook
        finally:
            kubectl("delete", "validatingwebhookconfiguration", name)
            listener.shutdown()


def _handler(webhook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = review["request"]
            kind = request["kind"]["kind"]
            webhook.asked.append(f"{kind}/{request.get('name', '')}")
            webhook.places.add(request.get("namespace", ""))
            threading.Event().wait(webhook.seconds)
            answer = {"uid": request["uid"], "allowed": kind not in webhook.refuses}
            if not answer["allowed"]:
                answer["status"] = {"message": webhook.refuses[kind], "code": 403}
            body = json.dumps({**review, "request": None, "response": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    return Handler


def _configuration(
    name: str, address: str, authority: bytes, namespaces: Sequence[str], patience_seconds: int
) -> dict[str, Any]:
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    written = {"apiVersions": ["*"], "operations": ["CREATE", "UPDATE"]}
    # The selector says nothing of cluster-wide objects, which are asked about whatever it is: without a scope this
    # would hold up the address of every Service of the cluster. Of these only Namespaces are selected, by their labels.
    rules = [
        {**written, "apiGroups": ["*"], "resources": ["*"], "scope": "Namespaced"},
        {**written, "apiGroups": [""], "resources": ["namespaces"], "scope": "Cluster"},
    ]
    webhook = {
        "name": name,
        "clientConfig": {"url": address, "caBundle": base64.b64encode(authority).decode()},
        "namespaceSelector": {"matchExpressions": [names]},
        "rules": rules,
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": patience_seconds,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [webhook],
    }
