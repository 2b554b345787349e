# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe asks as a visitor would: by public name, with TLS verified."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from ansible_collections.ephemeral.k8s.plugins.module_utils import prober as prober_module
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.prober import HttpsProber
from tests.unit.servers import Authority, Respond, Server, drops, says, serving

HOST = "demo-pr-1.preview.test"


def hangs(_: object) -> None:
    """Say nothing for longer than the test waits."""
    threading.Event().wait(0.3)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site(authority: Authority) -> Iterator[Server]:
    with serving(authority.server(x509.DNSName("*.preview.test"))) as running:
        yield running


@pytest.fixture
def prober(authority: Authority) -> HttpsProber:
    return HttpsProber(connect_address="127.0.0.1", ca_file=str(authority.file))


@pytest.mark.parametrize("status", [200, 204, 301, 302, 404, 500, 503])
def test_the_answer_is_told_and_a_redirect_is_not_followed(prober: HttpsProber, site: Server, status: int) -> None:
    site.answers = [says("", status, Location="/other")]
    url = f"https://{HOST}:{site.port}/health"
    answer = prober(url)
    assert (answer.url, answer.status, answer.error) == (url, status, None)
    assert answer.ok is (status in (200, 204))
    assert [asked.path for asked in site.asked] == ["/health"]


def test_the_site_hears_its_public_name_in_tls_and_in_http(prober: HttpsProber, site: Server) -> None:
    prober(f"https://{HOST}:{site.port}/health")
    assert site.last.sni == HOST
    assert site.last.headers["Host"] == f"{HOST}:{site.port}"
    assert site.last.method == "GET"


def test_without_a_path_the_root_is_asked(prober: HttpsProber, site: Server) -> None:
    prober(f"https://{HOST}:{site.port}")
    assert site.last.path == "/"


def test_without_an_address_the_name_itself_is_resolved(authority: Authority) -> None:
    with serving(authority.server(x509.DNSName("localhost"))) as site:
        answer = HttpsProber(ca_file=str(authority.file))(f"https://localhost:{site.port}/")
    assert answer.status == 200


@pytest.mark.parametrize("url", ["https://other.test", "https://a.b.preview.test", "https://127.0.0.1"])
def test_a_certificate_of_another_name_is_no_answer(prober: HttpsProber, site: Server, url: str) -> None:
    answer = prober(f"{url}:{site.port}/")
    assert (answer.status, answer.ok) == (None, False)
    assert re.fullmatch("certificate verify failed: (Hostname|IP address) mismatch, .*[^.]", str(answer.error))
    assert site.asked == []


def test_a_certificate_of_an_authority_of_the_same_name_is_no_answer(site: Server, tmp_path: Path) -> None:
    stranger = HttpsProber(connect_address="127.0.0.1", ca_file=str(Authority(tmp_path).file))
    answer = stranger(f"https://{HOST}:{site.port}/")
    assert answer.status is None
    assert str(answer.error).startswith("certificate verify failed: ")
    assert site.asked == []


def test_the_systems_authorities_do_not_vouch_for_ours(site: Server) -> None:
    answer = HttpsProber(connect_address="127.0.0.1")(f"https://{HOST}:{site.port}/")
    assert answer.status is None
    assert answer.error == "certificate verify failed: unable to get local issuer certificate"


def test_a_port_where_nobody_listens_is_told(prober: HttpsProber) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        answer = prober(f"https://{HOST}:{unheard.getsockname()[1]}/")
    assert (answer.status, answer.error) == (None, "connection refused")


@pytest.mark.parametrize(("respond", "said"), [(drops, ""), (hangs, "timed out")])
def test_a_site_that_says_nothing_is_told_in_one_line(
    prober: HttpsProber, site: Server, monkeypatch: pytest.MonkeyPatch, respond: Respond, said: str
) -> None:
    monkeypatch.setattr(prober_module, "_SECONDS", 0.1)
    site.answers = [respond]
    answer = prober(f"https://{HOST}:{site.port}/")
    assert answer.status is None
    assert answer.error
    assert said in answer.error
    assert "\n" not in answer.error


def test_plain_http_behind_the_port_is_no_answer(prober: HttpsProber) -> None:
    with serving() as plain:
        answer = prober(f"https://{HOST}:{plain.port}/")
    assert answer.status is None
    assert answer.error


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), ("", ""), ("not a certificate", ""), ("folder", "")]
)
def test_an_unreadable_authority_is_refused_before_anything_is_asked(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    path = tmp_path / "ca.crt"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    with pytest.raises(RefusedError) as refusal:
        HttpsProber(ca_file=str(path))
    said = rf"CA file {re.escape(str(path))}: .*{reason}.*; set preview_ca_file to a PEM file"
    assert re.fullmatch(said, str(refusal.value))
