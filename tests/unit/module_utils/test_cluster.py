# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter against a real server: what it sends, what it makes of the answers, when it tries again and when not."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ansible_collections.ephemeral.k8s.plugins.module_utils.cluster import KubernetesCluster, connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from tests.unit.fakes import FakeClock
from tests.unit.servers import TOKEN, Authority, Respond, Server, drops, kubeconfig, refused, says, serving

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "demo-pr-1"}}
PODS = "/api/v1/namespaces/demo-pr-1/pods"
RECORD = {
    "apiVersion": "preview.k8s-ee/v1alpha1",
    "kind": "Environment",
    "metadata": {"name": "demo-pr-1", "namespace": "platform"},
    "status": {"phase": "Ready"},
}
RECORD_PATH = "/apis/preview.k8s-ee/v1alpha1/namespaces/platform/environments/demo-pr-1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def cluster(server: Server, tmp_path: Path, clock: FakeClock) -> KubernetesCluster:
    return connect(kubeconfig=kubeconfig(tmp_path, server.url), context="", clock=clock)


@pytest.fixture
def answered(cluster: KubernetesCluster) -> KubernetesCluster:
    """A cluster that has answered once, so that it is known to exist."""
    cluster.get(Ref("Namespace", "any"))
    return cluster


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "body"),
    [
        (lambda c: c.get(Ref("Namespace", "demo-pr-1")), "GET", "/api/v1/namespaces/demo-pr-1", {}, None),
        (lambda c: c.get(Ref("Pod", "a", "demo-pr-1")), "GET", f"{PODS}/a", {}, None),
        (lambda c: c.apply(POD), "PATCH", f"{PODS}/a", {"fieldManager": "ephemeral.k8s", "force": "true"}, POD),
        (
            lambda c: c.apply(POD, dry_run=True),
            "PATCH",
            f"{PODS}/a",
            {"fieldManager": "ephemeral.k8s", "force": "true", "dryRun": "All"},
            POD,
        ),
        (
            lambda c: c.apply_status(RECORD),
            "PATCH",
            f"{RECORD_PATH}/status",
            {"fieldManager": "ephemeral.k8s", "force": "true"},
            RECORD,
        ),
        (lambda c: c.create(POD), "POST", PODS, {"fieldManager": "ephemeral.k8s"}, POD),
        (
            lambda c: c.create(POD, dry_run=True),
            "POST",
            PODS,
            {"fieldManager": "ephemeral.k8s", "dryRun": "All"},
            POD,
        ),
        (lambda c: c.replace(POD), "PUT", f"{PODS}/a", {"fieldManager": "ephemeral.k8s"}, POD),
        (
            lambda c: c.delete(Ref("Pod", "a", "demo-pr-1")),
            "DELETE",
            f"{PODS}/a",
            {},
            {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"},
        ),
        (
            lambda c: c.delete(Ref("Pod", "a", "demo-pr-1"), uid="u-1", grace_seconds=0),
            "DELETE",
            f"{PODS}/a",
            {},
            {
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "propagationPolicy": "Background",
                "preconditions": {"uid": "u-1"},
                "gracePeriodSeconds": 0,
            },
        ),
    ],
)
def test_each_verb_asks_for_exactly_what_it_says(
    cluster: KubernetesCluster,
    server: Server,
    call: Callable[[KubernetesCluster], Any],
    method: str,
    path: str,
    query: dict[str, str],
    body: Any,
) -> None:
    call(cluster)
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query, asked.body) == (method, path, query, body)


def test_an_apply_names_its_media_type_and_every_request_its_bearer(cluster: KubernetesCluster, server: Server) -> None:
    cluster.apply(POD)
    headers = {name.lower(): value for name, value in server.last.headers.items()}
    assert headers["content-type"] == "application/apply-patch+yaml"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["user-agent"] == "ephemeral.k8s"
    cluster.create(POD)
    assert server.last.headers["Content-Type"] == "application/json"


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


def test_a_list_follows_its_pages_and_knows_the_version_to_watch_from(
    cluster: KubernetesCluster, server: Server
) -> None:
    server.answers = [
        says({"metadata": {"continue": "next page", "resourceVersion": "5"}, "items": [{"metadata": {"name": "a"}}]}),
        says({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "b"}}]}),
    ]
    listing = cluster.list("Pod", namespace="demo-pr-1", labels="a=b,c=d", fields="metadata.name=x")
    assert listing.resource_version == "7"
    assert listing.items == (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}},
    )
    first = {"limit": "500", "labelSelector": "a=b,c=d", "fieldSelector": "metadata.name=x"}
    assert [asked.query for asked in server.asked] == [first, {**first, "continue": "next page"}]


def test_a_list_without_namespace_spans_all_and_may_be_empty(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [says({"metadata": {}, "items": None})]
    assert cluster.list("Pod").items == ()
    assert server.last.path == "/api/v1/pods"


def test_what_is_not_there_is_none_and_nothing_to_delete(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [refused(404), refused(404)]
    assert cluster.get(Ref("Pod", "a", "demo-pr-1")) is None
    assert cluster.delete(Ref("Pod", "a", "demo-pr-1")) is False


def test_a_namesake_of_what_was_to_be_deleted_stays(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [refused(409, reason="Conflict")]
    assert cluster.delete(Ref("Pod", "a", "demo-pr-1"), uid="u-1") is False


def test_a_conflict_without_precondition_is_the_callers_to_know(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [refused(409, reason="Conflict")]
    with pytest.raises(ClusterError) as failure:
        cluster.delete(Ref("Pod", "a", "demo-pr-1"))
    assert (failure.value.status, failure.value.reason) == (409, "Conflict")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_not_repeated_and_carries_its_status(
    answered: KubernetesCluster, server: Server, status: int
) -> None:
    server.answers = [refused(status, reason="Because")]
    with pytest.raises(ClusterError) as failure:
        answered.apply(POD)
    assert (failure.value.status, failure.value.reason) == (status, "Because")
    assert len(server.asked) == 2
    assert TOKEN not in str(failure.value)


@pytest.mark.parametrize("page", [says("<html>Sign in</html>"), says("[]"), says("", 302, Location="https://x/")])
def test_a_server_that_is_no_kubernetes_is_one_clear_line(
    cluster: KubernetesCluster, server: Server, page: Respond
) -> None:
    server.answers = [page]
    with pytest.raises(ClusterError) as failure:
        cluster.list("Pod")
    assert str(failure.value) == (
        f"{server.url} does not answer as a Kubernetes API server; check server in the kubeconfig (preview_kubeconfig)"
    )


@pytest.mark.parametrize("trouble", [drops, *(refused(status) for status in (429, 500, 502, 503, 504))])
def test_a_server_that_has_answered_before_is_asked_again(
    answered: KubernetesCluster, server: Server, clock: FakeClock, trouble: Respond
) -> None:
    server.answers = [trouble, trouble, says(POD)]
    assert answered.get(Ref("Pod", "a", "demo-pr-1")) == POD
    assert clock.seconds == pytest.approx(1000.3)


def test_retry_after_is_waited_for(answered: KubernetesCluster, server: Server, clock: FakeClock) -> None:
    server.answers = [says({}, 429, Retry_After="7"), says(POD)]
    answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert clock.seconds == 1007.0


def test_a_retry_after_beyond_our_patience_is_a_failure_at_once(
    answered: KubernetesCluster, server: Server, clock: FakeClock
) -> None:
    server.answers = [says({"message": "slow down"}, 429, Retry_After="3600")]
    with pytest.raises(ClusterError, match="slow down"):
        answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert clock.seconds == 1000.0


@pytest.mark.parametrize(("trouble", "said"), [(refused(500, "boom"), "boom"), (drops, "cannot be reached")])
def test_patience_ends(
    answered: KubernetesCluster, server: Server, clock: FakeClock, trouble: Respond, said: str
) -> None:
    server.answers = [trouble] * 200
    with pytest.raises(ClusterError, match=said):
        answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert 87.0 < clock.seconds - 1000.0 <= 90.0


def test_the_first_connection_fails_at_once(tmp_path: Path, clock: FakeClock) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        cluster = connect(kubeconfig=kubeconfig(tmp_path, url), context="", clock=clock)
        with pytest.raises(ClusterError) as failure:
            cluster.get(Ref("Node", "one"))
    assert str(failure.value) == (
        f"API server {url} cannot be reached: connection refused; check that it runs and preview_kubeconfig"
    )
    assert failure.value.status == 0
    assert clock.seconds == 1000.0


def test_a_log_is_asked_for_by_container_and_comes_as_text(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [says("läuft\n"), says("tot\n")]
    assert cluster.log(namespace="demo-pr-1", pod="a", container="app", previous=False, lines=40) == "läuft\n"
    assert server.last.path == f"{PODS}/a/log"
    assert server.last.query == {"container": "app", "tailLines": "40", "limitBytes": "16384"}
    assert cluster.log(namespace="demo-pr-1", pod="a", container="app", previous=True, lines=40) == "tot\n"
    assert server.last.query["previous"] == "true"


@pytest.mark.parametrize("trouble", [refused(400), refused(404), refused(500, "dial tcp: refused"), drops])
def test_a_log_that_cannot_be_had_is_empty_and_not_waited_for(
    answered: KubernetesCluster, server: Server, clock: FakeClock, trouble: Respond
) -> None:
    server.answers = [trouble]
    assert answered.log(namespace="demo-pr-1", pod="a", container="app", previous=False, lines=40) == ""
    assert clock.seconds == 1000.0


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
