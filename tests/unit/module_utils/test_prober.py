# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe asks as a visitor would: by public name, with TLS verified."""

from __future__ import annotations

import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.prober import HttpsProber

HOST = "demo-pr-1.preview.test"
heard: list[str] = []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for the public name, which is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "1"]
    usage = ["-addext", "keyUsage=digitalSignature,keyCertSign"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command, *names, *usage, *files], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


class Site(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self):
        heard.append(self.headers["Host"])
        status = int(self.path.strip("/"))
        self.send_response(status)
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def port(certificate):
    """The port of a site on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def prober(certificate):
    return HttpsProber(connect_address="127.0.0.1", ca_file=str(certificate[0]))


@pytest.mark.parametrize("status", [200, 204, 302, 404, 503])
def test_the_answer_is_told_and_a_redirect_is_not_followed(prober, port, status):
    answer = prober(f"https://{HOST}:{port}/{status}")
    assert (answer.status, answer.error) == (status, None)


def test_the_site_hears_its_public_name(prober, port):
    prober(f"https://{HOST}:{port}/200")
    assert heard[-1] == f"{HOST}:{port}"


def test_a_certificate_of_another_name_is_no_answer(prober, port):
    answer = prober(f"https://other.preview.test:{port}/200")
    assert answer.status is None
    assert "other.preview.test' doesn't match" in answer.error


def test_a_certificate_that_nobody_vouches_for_is_no_answer(port):
    answer = HttpsProber(connect_address="127.0.0.1")(f"https://{HOST}:{port}/200")
    assert (answer.status, answer.error) == (None, "certificate verify failed")


def test_a_port_where_nobody_listens_is_told():
    answer = HttpsProber(connect_address="127.0.0.1")(f"https://{HOST}:1/200")
    assert (answer.status, answer.error) == (None, "connection refused")


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("not a certificate", "")])
def test_an_unreadable_authority_is_refused_before_anything_is_asked(tmp_path, content, reason):
    path = tmp_path / "ca.crt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RefusedError, match=rf"CA file {path}: .*{reason}.*; set preview_ca_file to a PEM file"):
        HttpsProber(ca_file=str(path))
