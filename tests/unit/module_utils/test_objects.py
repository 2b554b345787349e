# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, paths and shapes of Kubernetes objects, and what of them may be shown."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import (
    HIDDEN,
    RESOURCES,
    Ref,
    by_ref,
    intent,
    presentable,
    ref,
    stamp,
)


@pytest.mark.parametrize(
    ("kind", "arguments", "path"),
    [
        ("Namespace", {}, "/api/v1/namespaces"),
        ("Namespace", {"name": "demo-pr-1"}, "/api/v1/namespaces/demo-pr-1"),
        ("Namespace", {"namespace": "x", "name": "demo-pr-1"}, "/api/v1/namespaces/demo-pr-1"),
        ("Secret", {"namespace": "x"}, "/api/v1/namespaces/x/secrets"),
        ("Pod", {}, "/api/v1/pods"),
        ("Pod", {"namespace": "x", "name": "app", "subresource": "log"}, "/api/v1/namespaces/x/pods/app/log"),
        ("Deployment", {"namespace": "x", "name": "app"}, "/apis/apps/v1/namespaces/x/deployments/app"),
        ("Environment", {"namespace": "platform"}, "/apis/preview.k8s-ee/v1alpha1/namespaces/platform/environments"),
    ],
)
def test_each_kind_has_its_path(kind, arguments, path):
    assert RESOURCES[kind].path(**arguments) == path


@pytest.mark.parametrize(
    ("kind", "written"),
    [("Service", "Service"), ("Deployment", "Deployment.apps"), ("Ingress", "Ingress.networking.k8s.io")],
)
def test_a_group_kind_is_written_as_applyset_annotations_have_it(kind, written):
    assert RESOURCES[kind].group_kind == written


def test_a_reference_reads_as_kubectl_takes_it():
    assert str(ref({"kind": "Service", "metadata": {"name": "app", "namespace": "x"}})) == "Service/app"
    assert ref({"kind": "Namespace", "metadata": {"name": "x"}}) == Ref("Namespace", "x")


def test_an_unknown_kind_is_not_ours_to_reach():
    with pytest.raises(KeyError):
        _ = Ref("Widget", "x").resource


def test_the_last_of_two_objects_of_one_name_wins():
    first, second = ({"kind": "Secret", "metadata": {"name": "a"}, "data": {"k": v}} for v in ("1", "2"))
    assert by_ref([first, second]) == {Ref("Secret", "a"): second}


SERVICE = {"kind": "Service", "metadata": {"name": "app", "labels": {"team": "a", "k8s-ee/pr": "666"}}}


class TestStamping:
    """What we apply lies in the environment and can be told from what others put there."""

    def test_an_object_gets_namespace_and_labels_and_keeps_its_own(self):
        stamped = stamp(SERVICE, namespace="x", labels={"k8s-ee/pr": "1"})
        assert stamped["metadata"] == {"name": "app", "namespace": "x", "labels": {"team": "a", "k8s-ee/pr": "1"}}

    def test_the_given_object_stays_as_it_was(self):
        before = copy.deepcopy(SERVICE)
        stamp(SERVICE, namespace="x", labels={"k8s-ee/pr": "1"})
        assert before == SERVICE

    def test_a_namespace_of_another_s_choice_is_overruled(self):
        elsewhere = {"kind": "Secret", "metadata": {"name": "a", "namespace": "kube-system"}}
        assert stamp(elsewhere, namespace="x", labels={})["metadata"]["namespace"] == "x"

    def test_a_cluster_wide_object_gets_no_namespace(self):
        assert (
            "namespace"
            not in stamp({"kind": "Namespace", "metadata": {"name": "x"}}, namespace="x", labels={})["metadata"]
        )

    def test_a_kind_that_we_do_not_know_is_taken_to_live_in_a_namespace(self):
        assert (
            stamp({"kind": "Widget", "metadata": {"name": "w"}}, namespace="x", labels={})["metadata"]["namespace"]
            == "x"
        )


class TestIntent:
    """What somebody asked for, without what the server writes."""

    def test_what_the_server_writes_is_left_out(self):
        written = {
            "kind": "Deployment",
            "metadata": {
                "name": "app",
                "uid": "1",
                "resourceVersion": "2",
                "generation": 3,
                "creationTimestamp": "t",
                "managedFields": [{}],
                "annotations": {"deployment.kubernetes.io/revision": "4"},
            },
            "spec": {"replicas": 1},
            "status": {"replicas": 1},
        }
        assert intent(written) == {"kind": "Deployment", "metadata": {"name": "app"}, "spec": {"replicas": 1}}

    def test_annotations_of_people_stay(self):
        asked = {"kind": "Service", "metadata": {"name": "app", "annotations": {"note": "a"}}}
        assert intent(asked) == asked

    def test_nothing_is_nothing(self):
        assert intent(None) == {}


class TestShowing:
    """A diff names what changes and shows no value that may be secret."""

    def test_a_secret_shows_its_keys_only(self):
        secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"b": "eA=="}, "stringData": {"a": "plain"}}
        shown = presentable(secret)
        assert shown["data"] == {"b": HIDDEN}
        assert shown["stringData"] == {"a": HIDDEN}

    def test_variables_show_their_names_only_in_every_container(self):
        pod = {
            "containers": [
                {"name": "app", "env": [{"name": "KEY", "value": "hush"}, {"name": "REF", "valueFrom": {}}]}
            ],
            "initContainers": [{"name": "init", "env": [{"name": "KEY", "value": "hush"}]}],
        }
        deployment = {"kind": "Deployment", "metadata": {"name": "app"}, "spec": {"template": {"spec": pod}}}
        shown = presentable(deployment)
        assert "hush" not in str(shown)
        assert shown["spec"]["template"]["spec"]["containers"][0]["env"][1] == {"name": "REF", "valueFrom": {}}
        assert "hush" in str(deployment)
