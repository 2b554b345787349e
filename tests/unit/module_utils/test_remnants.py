# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who keeps a namespace from ending, and who may be made to let go of it."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Resource
from ansible_collections.ephemeral.k8s.plugins.module_utils.remnants import (
    Remnant,
    holding,
    is_foreign,
    may_be_finalized,
    served,
)


def remnant(*finalizers, name="h", leaving=True):
    metadata = {"name": name, "resourceVersion": "7", "finalizers": list(finalizers)}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    return Remnant.parse({"metadata": metadata}, "ConfigMap", "/api/v1/namespaces/demo-pr-1/configmaps")


def namespace(*finalizers, spec=("kubernetes",)):
    metadata = {"name": "demo-pr-1", "resourceVersion": "8", "deletionTimestamp": "x", "finalizers": list(finalizers)}
    return {"kind": "Namespace", "metadata": metadata, "spec": {"finalizers": list(spec)}}


@pytest.mark.parametrize(
    "finalizer",
    [
        "kubernetes",
        "orphan",
        "foregroundDeletion",
        "kubernetes.io/pvc-protection",
        "service.kubernetes.io/load-balancer-cleanup",
        "batch.kubernetes.io/job-tracking",
        "gateway-exists-finalizer.gateway.networking.k8s.io/x",
    ],
)
def test_kubernetes_own_finalizers_are_left_to_kubernetes(finalizer):
    assert not is_foreign(finalizer)
    assert holding(namespace(), [remnant(finalizer)]) == ()


@pytest.mark.parametrize("finalizer", ["example.org/hold", "hold", "notkubernetes.io/x", "evil.io/kubernetes.io"])
def test_others_are_foreign(finalizer):
    assert is_foreign(finalizer)
    assert [str(each) for each in holding(namespace(), [remnant(finalizer)])] == ["ConfigMap/h"]


def test_of_both_kinds_only_the_foreign_ones_are_taken():
    both = remnant("example.org/hold", "foregroundDeletion")
    assert (both.foreign, both.own) == (("example.org/hold",), ("foregroundDeletion",))


def test_content_comes_before_the_namespace_and_what_stays_is_not_touched():
    content = [remnant("example.org/a"), remnant("example.org/b", name="stays", leaving=False), remnant(name="free")]
    assert [each.name for each in holding(namespace("example.org/c"), content)] == ["h"]
    (itself,) = holding(namespace("example.org/c"), content[1:])
    assert (str(itself), itself.path) == ("Namespace/demo-pr-1", "/api/v1/namespaces/demo-pr-1")


@pytest.mark.parametrize(
    ("itself", "content", "may"),
    [
        (namespace(), [], True),
        (namespace(spec=["example.org/x"]), [], True),
        (namespace(), [remnant()], False),
        (namespace("example.org/c"), [], False),
        (namespace("foregroundDeletion"), [], False),
        (namespace(spec=[]), [], False),
    ],
)
def test_the_finalize_subresource_comes_last(itself, content, may):
    assert may_be_finalized(itself, content) is may


def resource(plural, kind, *verbs, scope="Namespaced"):
    return {"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": list(verbs)}


def test_kinds_are_taken_in_the_version_that_their_api_prefers():
    core = {"versions": [{"version": "v1", "resources": [resource("pods", "Pod", "list", "delete", "get")]}]}
    named = {
        "versions": [
            {"version": "v2", "resources": [resource("holds", "Hold", "delete", "list")]},
            {"version": "v1", "resources": [resource("holds", "Hold", "list", "delete"), resource("x", "X", "list")]},
            {"version": "v0", "freshness": "Stale"},
        ]
    }
    wide = {
        "versions": [{"version": "v1", "resources": [resource("nodes", "Node", "list", "delete", scope="Cluster")]}]
    }
    found = served(
        {"items": [{"metadata": {}, **core}]},
        {"items": [{"metadata": {"name": "example.org"}, **named}, {"metadata": {"name": "w"}, **wide}]},
        {},
    )
    assert list(found) == [Resource("v1", "Pod", "pods"), Resource("example.org/v2", "Hold", "holds")]
