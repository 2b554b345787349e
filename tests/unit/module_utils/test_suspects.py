# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Suspects: the newest that is not well, with what was said about it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.suspects import (
    bystanders,
    restarted,
    suspects,
    when,
)
from ansible_collections.ephemeral.k8s.tests.unit.situations import (
    claim,
    crashed,
    event,
    pod,
    ready_pod,
    replica_set,
    running,
    waiting,
)

OLD, NEW = replica_set("app-old", revision="9"), replica_set("app-new", revision="10")
BROKEN = waiting("ErrImagePull", "not found")


def names(*pods: dict[str, Any], objects: tuple[dict[str, Any], ...] = ()) -> list[str]:
    return [each.name for each in suspects(pods, objects, (), {})]


def test_a_pod_that_is_well_is_not_suspected() -> None:
    assert names(ready_pod()) == []


def test_pods_of_an_older_push_are_left_out() -> None:
    old = pod("old", statuses=(BROKEN,), owner=("ReplicaSet", "app-old"))
    new = pod("new", statuses=(BROKEN,), owner=("ReplicaSet", "app-new"))
    assert names(old, new, objects=(OLD, NEW)) == ["Pod/new"]


def test_a_rollback_makes_the_older_replica_set_the_newest() -> None:
    back = replica_set("app-old", revision="11")
    old = pod("old", statuses=(BROKEN,), owner=("ReplicaSet", "app-old"))
    assert names(old, objects=(back, NEW)) == ["Pod/old"]


def test_without_a_revision_the_younger_replica_set_is_the_newest() -> None:
    first, second = replica_set("app-old", revision=""), replica_set("app-new", revision="")
    first["metadata"]["creationTimestamp"] = "2026-01-01T10:00:00Z"
    second["metadata"]["creationTimestamp"] = "2026-01-01T10:00:01Z"
    old = pod("old", statuses=(BROKEN,), owner=("ReplicaSet", "app-old"))
    new = pod("new", statuses=(BROKEN,), owner=("ReplicaSet", "app-new"))
    assert names(old, new, objects=(first, second)) == ["Pod/new"]


def test_a_pod_on_its_way_out_is_left_out() -> None:
    assert names(pod(statuses=(BROKEN,), deletionTimestamp="2026-01-01T10:00:00Z")) == []


def test_a_replica_set_is_suspected_while_it_lacks_pods() -> None:
    short = replica_set("app-new", revision="10", made=0)
    assert names(objects=(short, OLD)) == ["ReplicaSet/app-new"]
    assert names(objects=(replica_set("app-old", revision="9", made=0), NEW)) == []


@pytest.mark.parametrize(("made", "expected"), [(0, ["StatefulSet/postgresql"]), (1, [])])
def test_a_stateful_set_is_suspected_while_it_lacks_pods(made: int, expected: list[str]) -> None:
    found = {"kind": "StatefulSet", "metadata": {"name": "postgresql"}, "spec": {}, "status": {"replicas": made}}
    assert names(objects=(found,)) == expected


@pytest.mark.parametrize(
    ("phase", "expected"), [("Pending", ["PersistentVolumeClaim/data-postgresql-0"]), ("Bound", [])]
)
def test_a_claim_is_suspected_until_it_is_bound(phase: str, expected: list[str]) -> None:
    assert names(objects=(claim(phase=phase), {"kind": "ResourceQuota", "metadata": {"name": "quota"}})) == expected


def test_a_container_that_waits_for_an_init_container_is_not_to_blame() -> None:
    found = suspects(
        (
            pod(
                init=({"name": "wait"},),
                init_statuses=(crashed(1, name="wait"),),
                statuses=(waiting("PodInitializing"),),
            ),
        ),
        (),
        (),
        {"app-7d9c-x/wait": "no route"},
    )
    assert [(each.container["name"], each.is_init, each.log) for each in found] == [("wait", True, "no route")]


def test_of_two_containers_the_one_that_is_well_is_not_to_blame() -> None:
    found = suspects((pod(statuses=(running(ready=True), crashed(1, name="side"))),), (), (), {})
    assert [each.container["name"] for each in found] == ["side"]


@pytest.mark.parametrize("statuses", [(), (waiting("ContainerCreating"),), ({"name": "app", "ready": False},)])
def test_before_any_container_has_acted_the_pod_is_to_blame(statuses: tuple[dict[str, Any], ...]) -> None:
    (found,) = suspects((pod(statuses=statuses),), (), (), {})
    assert not found.container
    assert found.exit_code is None


def test_events_are_those_about_the_object_newest_first() -> None:
    mine = pod(statuses=(BROKEN,), uid="now")
    told = (
        event("First", "a", about=mine, at="2026-01-01T10:00:00Z"),
        event("Third", "c", about=mine, at="2026-01-01T10:00:02Z"),
        event("Second", "b", about=mine, at="2026-01-01T10:00:01Z"),
        event("Other", "of another pod", about=pod("other")),
        event("Before", "of a pod that had this name before", about=pod(uid="before")),
        event("Kind", "of another kind", about={"kind": "Service", "metadata": {"name": "app-7d9c-x"}}),
        event("Unknown", "without a uid", at="2026-01-01T09:00:00Z"),
    )
    (found,) = suspects((mine,), (), told, {})
    assert [each["reason"] for each in found.events] == ["Third", "Second", "First", "Unknown"]


def test_the_time_of_an_event_is_the_last_at_which_it_was_seen() -> None:
    assert when({"eventTime": "2026-01-01T10:00:00Z", "series": {"lastObservedTime": "2026-01-01T10:05:00Z"}}) > when(
        {"lastTimestamp": "2026-01-01T10:04:00Z", "eventTime": None}
    )
    assert when({}) == ""


def test_the_present_end_of_a_container_counts_before_the_last() -> None:
    ended = {"state": {"terminated": {"exitCode": 3}}, "lastState": {"terminated": {"exitCode": 4}}}
    (found,) = suspects((pod(statuses=({"name": "app", "ready": False, **ended},)),), (), (), {})
    assert found.exit_code == 3


def test_a_container_without_a_spec_is_known_by_its_status() -> None:
    (found,) = suspects((pod(statuses=({**BROKEN, "name": "debugger", "image": "busybox"},)),), (), (), {})
    assert (found.container, found.image) == ({"name": "debugger"}, "busybox")


def test_the_kubelets_word_for_a_log_that_is_gone_is_no_log() -> None:
    gone = {"app-7d9c-x/app": "unable to retrieve container logs for containerd://0123"}
    (found,) = suspects((pod(statuses=(crashed(1),)),), (), (), gone)
    assert found.log == ""


def test_who_crashed_before_and_is_well_now_is_the_next_guess() -> None:
    flapping = ready_pod("flapping", statuses=(crashed(1) | running(ready=True),))
    steady = ready_pod("steady")
    assert [each.name for each in restarted((flapping, steady), (), {})] == ["Pod/flapping"]


def test_a_pod_that_was_evicted_is_suspected_as_a_whole_however_its_containers_ended() -> None:
    evicted = pod(statuses=(crashed(137),), status={"phase": "Failed", "reason": "Evicted"})
    (accused,) = suspects((evicted,), (), (), {})
    assert (accused.container, accused.exit_code) == ({}, None)


def test_bystanders_are_all_containers_of_the_newest_push_well_or_not() -> None:
    old = ready_pod("old", owner=("ReplicaSet", "app-old"))
    new = ready_pod("new", owner=("ReplicaSet", "app-new"))
    seen = bystanders((old, new, pod("other", statuses=(BROKEN,))), (OLD, NEW), {"new/app": "said"})
    assert [(each.name, each.log) for each in seen] == [("Pod/new", "said"), ("Pod/other", "")]
