# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster is meant and who asks, or one clear line."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from cryptography import x509

from ansible_collections.ephemeral.k8s.plugins.module_utils.cluster import KubernetesCluster
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from tests.unit.fakes import FakeClock
from tests.unit.servers import TOKEN, Authority, Server, kubeconfig, says, serving

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "demo-pr-1"}}


def test_a_token_file_may_end_in_a_line_feed(server: Server, tmp_path: Path, clock: FakeClock) -> None:
    connect(kubeconfig=kubeconfig(tmp_path, server.url, token=f"{TOKEN}\n"), context="", clock=clock).get(
        Ref("Node", "one")
    )
    assert {name.lower(): value for name, value in server.last.headers.items()}["authorization"] == f"Bearer {TOKEN}"


def test_a_token_that_no_header_can_carry_is_one_line_without_it(
    server: Server, tmp_path: Path, clock: FakeClock
) -> None:
    cluster = connect(kubeconfig=kubeconfig(tmp_path, server.url, token="hunter2\nhunter3"), context="", clock=clock)
    with pytest.raises(ClusterError) as failure:
        cluster.get(Ref("Node", "one"))
    assert "hunter" not in str(failure.value)
    assert "\n" not in str(failure.value)


def test_the_kubeconfigs_authority_is_the_one_that_counts(tmp_path: Path, clock: FakeClock) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    authority, other = Authority(ours), Authority(theirs)
    with serving(authority.server(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))) as server:
        server.answers = [says(POD)]
        good = connect(kubeconfig=kubeconfig(ours, server.url, ca=authority.file), context="", clock=clock)
        assert good.get(Ref("Pod", "a", "demo-pr-1")) == POD
        bad = connect(kubeconfig=kubeconfig(theirs, server.url, ca=other.file), context="", clock=clock)
        with pytest.raises(ClusterError, match="its certificate is not signed by the kubeconfig's CA"):
            bad.get(Ref("Pod", "a", "demo-pr-1"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        ("", "{path} file is empty"),
        ("{unclosed", "it is not a kubeconfig, or cannot be read"),
        ("just text", "it is not a kubeconfig, or cannot be read"),
        (b"\xff\xfe\x00", "it is not a kubeconfig, or cannot be read"),
        ("current-context: x\ncontexts: []\nclusters: []\nusers: []\n", "Expected object with name x in"),
    ],
)
def test_a_kubeconfig_that_is_none_is_one_clear_line(
    tmp_path: Path, clock: FakeClock, content: str | bytes | None, said: str
) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ClusterError) as failure:
        connect(kubeconfig=str(path), context="", clock=clock)
    assert str(failure.value).startswith(f"kubeconfig {path}: {said.format(path=path)}")
    assert str(failure.value).endswith("; set preview_kubeconfig to a readable kubeconfig of the cluster")
    assert "\n" not in str(failure.value)


def test_an_unknown_context_is_named(tmp_path: Path, clock: FakeClock) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(ClusterError) as failure:
        connect(kubeconfig=path, context="there", clock=clock)
    assert str(failure.value).startswith(f"kubeconfig {path}, context there: ")
    assert "there" in str(failure.value).partition(": ")[2]


def test_without_any_kubeconfig_nothing_but_the_error_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kubernetes.config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ClusterError, match=r"^kubeconfig \(default\): "):
        connect(kubeconfig="", context="", clock=clock)
    # A module's standard output is its result; the client library prints to it.
    assert capsys.readouterr().out == ""


def test_connecting_asks_nothing(cluster: KubernetesCluster, server: Server) -> None:
    assert cluster.host == server.url
    assert server.asked == []
