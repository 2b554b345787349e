# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches against a real server: whatever happens to the stream, who reads it goes on."""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from ansible_collections.ephemeral.k8s.plugins.module_utils.cluster import KubernetesCluster
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from tests.unit.fakes import FakeClock
from tests.unit.servers import Authority, Server, kubeconfig, refused, serving, streams

PODS = "/api/v1/namespaces/demo-pr-1/pods"


def line(kind: str, name: str) -> bytes:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
    return json.dumps({"type": kind, "object": pod}).encode() + b"\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> KubernetesCluster:
    return connect(kubeconfig=kubeconfig(tmp_path, server.url), context="", clock=FakeClock())


def test_a_watch_asks_from_a_version_for_half_a_minute(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [streams()]
    assert list(cluster.watch("Pod", namespace="demo-pr-1", name="a", resource_version="7")) == []
    assert server.last.path == PODS
    assert server.last.query == {
        "watch": "1",
        "timeoutSeconds": "30",
        "resourceVersion": "7",
        "fieldSelector": "metadata.name=a",
    }


def test_lines_may_be_split_and_joined_by_chunks(cluster: KubernetesCluster, server: Server) -> None:
    text = line("ADDED", "a") + line("MODIFIED", "b") + line("DELETED", "c")
    server.answers = [streams(text[:10], text[10:60], text[60:-3], text[-3:])]
    seen = [(event.type, event.object["metadata"]["name"]) for event in cluster.watch("Pod")]
    assert seen == [("ADDED", "a"), ("MODIFIED", "b"), ("DELETED", "c")]


def test_a_version_that_is_too_old_is_told_by_its_status(cluster: KubernetesCluster, server: Server) -> None:
    expired = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
    server.answers = [streams(json.dumps(expired).encode() + b"\n")]
    with pytest.raises(ClusterError, match="too old resource version") as failure:
        list(cluster.watch("Pod"))
    assert failure.value.status == 410


def test_a_refused_watch_is_refused_when_opened(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [refused(403, "pods is forbidden")]
    with pytest.raises(ClusterError, match="forbidden: pods is forbidden"):
        cluster.watch("Pod")


@pytest.mark.parametrize("rest", [b"", b'{"type": "ADD', b"<html>\n"])
def test_a_broken_stream_ends_after_what_it_told(cluster: KubernetesCluster, server: Server, rest: bytes) -> None:
    server.answers = [streams(line("ADDED", "a"), *([rest] if rest else []), broken=True)]
    assert [event.object["metadata"]["name"] for event in cluster.watch("Pod")] == ["a"]


@pytest.mark.parametrize("broken", [False, True])
def test_a_watch_that_has_ended_may_be_closed_and_closed_again(
    cluster: KubernetesCluster, server: Server, broken: bool
) -> None:
    server.answers = [streams(line("ADDED", "a"), broken=broken)]
    watch = cluster.watch("Pod")
    assert len(list(watch)) == 1
    watch.close()
    watch.close()


@pytest.mark.parametrize("secure", [False, True])
def test_closing_wakes_the_reader_of_another_thread(tmp_path: Path, secure: bool) -> None:
    authority = Authority(tmp_path)
    tls = authority.server(x509.IPAddress(ipaddress.ip_address("127.0.0.1"))) if secure else None
    finished, seen = threading.Event(), threading.Event()
    with serving(tls) as server:
        ca = authority.file if secure else None
        cluster = connect(kubeconfig=kubeconfig(tmp_path, server.url, ca=ca), context="", clock=FakeClock())
        server.answers = [streams(line("ADDED", "a"), until=finished)]
        watch = cluster.watch("Pod")

        def read() -> None:
            for _ in watch:
                seen.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert seen.wait(5)
        time.sleep(0.02)  # the reader is back in its blocking read
        started = time.monotonic()
        watch.close()
        reader.join(5)
        assert not reader.is_alive()
        assert time.monotonic() - started < 0.5
        watch.close()
        finished.set()
