# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter against a real server: what it sends, what it makes of the answers, when it tries again and when not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.cluster import KubernetesCluster
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.remnants import Remnant
from tests.unit.fakes import FakeClock
from tests.unit.servers import TOKEN, Respond, Server, drops, refused, says

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "demo-pr-1"}}
PODS = "/api/v1/namespaces/demo-pr-1/pods"
RECORD = {
    "apiVersion": "preview.k8s-ee/v1alpha1",
    "kind": "Environment",
    "metadata": {"name": "demo-pr-1", "namespace": "platform"},
    "status": {"phase": "Ready"},
}
RECORD_PATH = "/apis/preview.k8s-ee/v1alpha1/namespaces/platform/environments/demo-pr-1"


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
        (
            lambda c: c.delete(Ref("Pod", "a", "demo-pr-1"), version="7"),
            "DELETE",
            f"{PODS}/a",
            {},
            {
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "propagationPolicy": "Background",
                "preconditions": {"resourceVersion": "7"},
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
    server.answers = [refused(409, reason="Conflict"), refused(409, reason="Conflict")]
    assert cluster.delete(Ref("Pod", "a", "demo-pr-1"), uid="u-1") is False
    assert cluster.delete(Ref("Pod", "a", "demo-pr-1"), version="7") is False


def test_a_conflict_without_precondition_is_the_callers_to_know(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [refused(409, reason="Conflict")]
    with pytest.raises(ClusterError) as failure:
        cluster.delete(Ref("Pod", "a", "demo-pr-1"))
    assert (failure.value.status, failure.value.reason) == (409, "Conflict")


def test_a_log_is_asked_for_by_container_and_comes_as_text(cluster: KubernetesCluster, server: Server) -> None:
    server.answers = [says("läuft\n"), says("tot\n")]
    assert cluster.log(namespace="demo-pr-1", pod="a", container="app", previous=False, lines=40) == "läuft\n"
    assert server.last.path == f"{PODS}/a/log"
    assert server.last.query == {"container": "app", "tailLines": "40"}
    assert cluster.log(namespace="demo-pr-1", pod="a", container="app", previous=True, lines=40) == "tot\n"
    assert server.last.query["previous"] == "true"


@pytest.mark.parametrize("trouble", [refused(400), refused(404), refused(500, "dial tcp: refused"), drops])
def test_a_log_that_cannot_be_had_is_empty_and_not_waited_for(
    answered: KubernetesCluster, server: Server, clock: FakeClock, trouble: Respond
) -> None:
    server.answers = [trouble]
    assert answered.log(namespace="demo-pr-1", pod="a", container="app", previous=False, lines=40) == ""
    assert clock.seconds == 1000.0


DISCOVERY = {
    "items": [
        {
            "metadata": {"name": "example.org"},
            "versions": [
                {
                    "version": "v1",
                    "resources": [
                        {
                            "resource": "holds",
                            "responseKind": {"kind": "Hold"},
                            "scope": "Namespaced",
                            "verbs": ["delete", "list"],
                        }
                    ],
                }
            ],
        }
    ]
}
HOLDS = "/apis/example.org/v1/namespaces/demo-pr-1/holds"


def test_remnants_are_of_every_kind_that_is_served(cluster: KubernetesCluster, server: Server) -> None:
    held = {"name": "h", "resourceVersion": "7", "finalizers": ["example.org/f"], "deletionTimestamp": "2026-01-02"}
    server.answers = [says({}), says(DISCOVERY), says({"items": [{"metadata": held}]})]
    (remnant,) = cluster.remnants("demo-pr-1")
    assert (str(remnant), remnant.path, remnant.foreign) == ("Hold/h", f"{HOLDS}/h", ("example.org/f",))
    assert [asked.path for asked in server.asked] == ["/api", "/apis", HOLDS]
    assert "PartialObjectMetadataList" in server.last.headers["Accept"]


@pytest.mark.parametrize("status", [403, 404, 503])
def test_remnants_of_a_kind_that_cannot_be_listed_are_left_out(
    cluster: KubernetesCluster, server: Server, clock: FakeClock, status: int
) -> None:
    server.answers = [says({}), says(DISCOVERY), refused(status)]
    assert cluster.remnants("demo-pr-1") == ()
    assert clock.seconds == 1000.0


def test_letting_go_keeps_what_is_not_ours_to_take_and_never_what_has_changed(
    cluster: KubernetesCluster, server: Server
) -> None:
    metadata = {"name": "h", "resourceVersion": "7", "finalizers": ["example.org/f", "kubernetes.io/pvc-protection"]}
    remnant = Remnant.parse({"metadata": metadata}, "Hold", HOLDS)
    assert cluster.release(remnant, keep=remnant.own) is True
    assert (server.last.method, server.last.path) == ("PATCH", f"{HOLDS}/h")
    wanted = {"finalizers": ["kubernetes.io/pvc-protection"], "resourceVersion": "7"}
    assert server.last.body == {"metadata": wanted}
    assert server.last.headers["Content-Type"] == "application/merge-patch+json"
    server.answers = [refused(409)]
    assert cluster.release(remnant, keep=()) is False
    assert server.last.body["metadata"]["finalizers"] is None


def test_finalizing_a_namespace_asks_its_subresource(cluster: KubernetesCluster, server: Server) -> None:
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "demo-pr-1", "resourceVersion": "7"},
        "spec": {"finalizers": ["kubernetes"]},
    }
    assert cluster.finalize(namespace) is True
    assert (server.last.method, server.last.path) == ("PUT", "/api/v1/namespaces/demo-pr-1/finalize")
    assert server.last.body == {**namespace, "spec": {"finalizers": []}}
    server.answers = [refused(404)]
    assert cluster.finalize(namespace) is False
