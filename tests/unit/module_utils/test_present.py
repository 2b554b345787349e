# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment comes into being phase by phase, and whatever goes wrong is told truly."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import present as present_module
from ansible_collections.ephemeral.k8s.plugins.module_utils.lease import Turn
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.present import check, present
from tests.unit.engine import (
    CONFIG,
    HUGE,
    LEASE,
    PLACE,
    PLATFORM,
    QUOTA,
    RECORD,
    REQUEST,
    cluster_with_controllers,
    phases,
    status,
    world_around,
)


@pytest.fixture
def cluster():
    return cluster_with_controllers()


@pytest.fixture
def world(cluster):
    with world_around(cluster) as made:
        yield made


def test_it_ends_ready_once_the_url_answered_and_is_on_record(world, cluster):
    preview = present(world, PLATFORM, REQUEST, CONFIG)
    assert (preview.status, preview.url, preview.changed) == ("ready", "https://demo-pr-1.preview.example.org", True)
    assert phases(preview) == ["plan", "record", "admit", "guardrails", "data", "app", "probe"]
    assert world.prober.asked == ["https://demo-pr-1.preview.example.org/health"] * 3
    assert status(cluster)["phase"] == "Ready"
    assert [each["name"] for each in status(cluster)["phases"]] == phases(preview)
    assert {"createdAt", "readyAt", "expiresAt", "url"} <= status(cluster).keys()
    assert cluster.objects[RECORD]["spec"]["commit"] == "abc"
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_policies_are_there_before_anything_that_makes_pods(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    kinds = [named.kind for verb, named in cluster.requests if verb == "apply"]
    assert kinds[0] == "Environment"
    assert kinds[1] == "Namespace"
    last_policy = max(i for i, kind in enumerate(kinds) if kind in ("NetworkPolicy", "ResourceQuota", "LimitRange"))
    assert last_policy < kinds.index("StatefulSet") < kinds.index("Deployment")


def test_the_cluster_s_own_addresses_are_kept_from_the_environment(world, cluster):
    cluster.put(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": ["11.0.0.0/16"]},
        }
    )
    present(world, PLATFORM, REQUEST, CONFIG)
    policies = str([obj for named, obj in cluster.objects.items() if named.kind == "NetworkPolicy"])
    assert "5.6.7.8/32" in policies
    assert "11.0.0.0/16" in policies


def test_the_order_of_events_of_another_repository_that_was_here_before_means_nothing(world, cluster):
    other = replace(REQUEST, repository="other/demo", repository_id=7, sequence=99)
    present(world, PLATFORM, other, CONFIG)
    cluster.put({**cluster.objects[RECORD], "status": {**status(cluster), "phase": "Destroyed", "sequence": 100}})
    for named in [named for named in cluster.objects if PLACE in (named.namespace, named.name) and named != RECORD]:
        cluster.remove(named)
    assert present(world, PLATFORM, REQUEST, CONFIG).status == "ready"
    assert (cluster.objects[RECORD]["spec"]["repositoryId"], status(cluster)["sequence"]) == (42, 1)


def test_the_second_run_changes_nothing(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    again = present(world, PLATFORM, REQUEST, CONFIG)
    assert (again.status, again.changed) == ("ready", False)


def test_a_check_foretells_without_writing(world, cluster):
    foretold = check(world, PLATFORM, REQUEST, CONFIG)
    assert not [verb for verb, _ in cluster.requests if verb not in ("get", "list")]
    real = present(world, PLATFORM, REQUEST, CONFIG)
    assert {str(c.ref) for c in foretold.changes} == {str(c.ref) for c in real.changes}
    assert not check(world, PLATFORM, REQUEST, CONFIG).changed
    assert check(world, PLATFORM, replace(REQUEST, image="demo:2"), CONFIG).changed


def test_without_ingress_there_is_no_url_and_nothing_to_probe(world, cluster):
    preview = present(world, PLATFORM, REQUEST, {**CONFIG, "ingress": {"enabled": False}})
    assert (preview.status, preview.url) == ("ready", None)
    assert world.prober.asked == []


@pytest.mark.parametrize(
    ("request_", "config", "says"),
    [
        (replace(REQUEST, profile="fork"), CONFIG, "not yet supported: profile fork"),
        (REQUEST, {**CONFIG, "metrics": {"enabled": True}}, "not yet supported: metrics"),
        (REQUEST, {**CONFIG, "app": {"prot": 80}}, "app.prot"),
        (REQUEST, {**CONFIG, "app": {"replicas": 10}, "resources": HUGE}, "CPU requests"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(world, cluster, request_, config, says):
    refused = present(world, PLATFORM, request_, config)
    assert refused.status == "refused"
    assert says in refused.diagnosis["message"]
    assert list(cluster.objects) == [Ref("Node", "one")]


def test_a_chart_that_cannot_be_rendered_leaves_nothing_behind(world, cluster):
    world.helm.broken = "helm: /nowhere: no such file"
    refused = present(world, PLATFORM, REQUEST, CONFIG)
    assert refused.diagnosis["message"] == "helm: /nowhere: no such file"
    assert list(cluster.objects) == [Ref("Node", "one")]


def test_the_same_name_of_another_repository_is_refused_and_both_are_named(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    refused = present(world, PLATFORM, replace(REQUEST, repository="other/demo", repository_id=7), CONFIG)
    assert refused.status == "refused"
    assert "acme/demo" in refused.diagnosis["message"]
    assert "other/demo" in refused.diagnosis["message"]
    assert cluster.objects[RECORD]["spec"]["repository"] == "acme/demo"


def test_a_namespace_that_somebody_else_made_is_not_touched(world, cluster):
    cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}})
    refused = present(world, PLATFORM, REQUEST, CONFIG)
    assert refused.status == "refused"
    assert "not ours" in refused.diagnosis["message"]


def test_an_older_commit_gives_way_to_what_runs(world, cluster):
    present(world, PLATFORM, replace(REQUEST, sequence=9), CONFIG)
    late = present(world, PLATFORM, replace(REQUEST, sequence=8, sha="old"), CONFIG)
    assert late.status == "superseded"
    assert cluster.objects[RECORD]["spec"]["commit"] == "abc"


def test_a_smaller_quota_comes_only_after_the_roll_out(world, cluster):
    present(world, PLATFORM, REQUEST, {**CONFIG, "app": {"replicas": 3}})
    before = cluster.objects[QUOTA]["spec"]["hard"]["pods"]
    seen = []
    controllers = cluster.react

    def watch(verb, obj):
        controllers(verb, obj)
        if obj["kind"] == "Deployment":
            seen.append(cluster.objects[QUOTA]["spec"]["hard"]["pods"])

    cluster.react = watch
    shrunk = present(world, PLATFORM, replace(REQUEST, image="demo:2"), CONFIG)
    assert shrunk.status == "ready"
    assert seen == [before]
    assert int(cluster.objects[QUOTA]["spec"]["hard"]["pods"]) == int(before) - 2


# The environment before this one is still on its way out


def leave(cluster, seconds=0.1):
    """Somebody closed the environment, and its namespace and volume take their time."""
    named = Ref("Namespace", PLACE)
    metadata = cluster.objects[named]["metadata"]
    cluster.update(named, metadata={**metadata, "deletionTimestamp": "2026-01-02T03:04:05Z"})
    volume = Ref("PersistentVolume", "data")
    spec = {"claimRef": {"namespace": PLACE}}
    cluster.put({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "data"}, "spec": spec})

    def go():
        for gone in [each for each in cluster.objects if PLACE in (each.namespace, each.name) and each != RECORD]:
            if gone.kind != "Lease":
                cluster.remove(gone)
        cluster.remove(volume)

    threading.Timer(seconds, go).start()


def test_it_comes_back_once_the_one_before_has_gone(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    born = cluster.objects[Ref("Namespace", PLACE)]["metadata"]["annotations"]["k8s-ee/created-at"]
    cluster.update(RECORD, status={**status(cluster), "phase": "Destroying", "createdAt": "2020-01-01T00:00:00Z"})
    namespace = cluster.objects[Ref("Namespace", PLACE)]
    old = {**namespace["metadata"]["annotations"], "k8s-ee/created-at": "2020-01-01T00:00:00Z"}
    cluster.update(Ref("Namespace", PLACE), metadata={**namespace["metadata"], "annotations": old})
    leave(cluster)
    again = present(world, PLATFORM, replace(REQUEST, sequence=2), CONFIG)
    assert (again.status, again.changed) == ("ready", True)
    assert {change.action for change in again.changes} == {"created"}
    assert cluster.objects[Ref("Namespace", PLACE)]["metadata"]["annotations"]["k8s-ee/created-at"] >= born
    assert status(cluster)["createdAt"] >= born
    assert Ref("PersistentVolume", "data") not in cluster.objects


def test_a_check_then_foretells_all_of_it_as_new(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    leave(cluster, seconds=5.0)
    before = len(cluster.requests)
    foretold = check(world, PLATFORM, REQUEST, CONFIG)
    assert (foretold.status, {change.action for change in foretold.changes}) == ("ready", {"created"})
    assert {verb for verb, _ in cluster.requests[before:]} <= {"get", "list"}


def test_one_that_does_not_go_is_named_and_nothing_is_written(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    leave(cluster, seconds=5.0)
    before = dict(cluster.objects[RECORD])
    stuck = present(replace(world, timeout_seconds=0.2), PLATFORM, replace(REQUEST, sequence=2), CONFIG)
    assert (stuck.status, stuck.diagnosis["phase"]) == ("failed", "record")
    assert stuck.diagnosis["reason"] == "DeletionUnfinished"
    assert "PersistentVolume/data" in stuck.diagnosis["message"]
    assert cluster.objects[RECORD] == before
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == ""


# What the record says while a run is under way


def test_a_run_killed_in_its_first_phases_leaves_a_time_at_which_it_may_be_swept(world, cluster):
    seen = []

    def refuse(verb, named):
        if (verb, named.kind) == ("apply", "Namespace"):
            seen.append(dict(status(cluster)))

    cluster.refuse = refuse
    present(world, PLATFORM, REQUEST, CONFIG)
    assert seen[0]["phase"] == "Deploying"
    assert seen[0]["expiresAt"] > seen[0]["updatedAt"]
    assert "readyAt" not in seen[0]


@pytest.mark.parametrize("reopened", [True, False])
def test_the_time_of_readiness_is_that_of_this_life(world, cluster, reopened):
    present(world, PLATFORM, REQUEST, CONFIG)
    ready_at = status(cluster)["readyAt"]
    if reopened:
        cluster.remove(Ref("Namespace", PLACE))
    cluster.healthy.discard("Deployment")
    newer = replace(REQUEST, image="demo:2")
    cluster.update(Ref("Deployment", "app", PLACE), status={})
    assert present(replace(world, timeout_seconds=0.3), PLATFORM, newer, CONFIG).status == "failed"
    assert status(cluster).get("readyAt") == (None if reopened else ready_at)


def test_a_run_that_planned_while_another_one_worked_finds_its_work_done(world, cluster, monkeypatch):
    before = []

    class Late(Turn):
        """A turn that comes only after another run has had its own."""

        def __enter__(self):
            if not before:
                before.append("begun")
                before.append(present(replace(world, run="first"), PLATFORM, REQUEST, CONFIG).changed)
            return super().__enter__()

    monkeypatch.setattr(present_module, "Turn", Late)
    late = present(world, PLATFORM, REQUEST, CONFIG)
    assert (before[-1], late.status, late.changed) == (True, "ready", False)
