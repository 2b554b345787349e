# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnosis: the most causal of all that is wrong, in words that help, with no secret in them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.diagnosis import Diagnosis, Snapshot, diagnose
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Answer
from ansible_collections.ephemeral.k8s.tests.unit.situations import (
    IMAGE,
    claim,
    crashed,
    event,
    pod,
    ready_pod,
    replica_set,
    running,
    waiting,
)

URL = "https://shop-pr-7.preview.localhost:8443/health"
NOT_FOUND = waiting("ErrImagePull", f"{IMAGE}: not found")


def database(*statuses: dict[str, Any]) -> dict[str, Any]:
    return pod("postgresql-0", component="database", statuses=statuses)


def test_a_crash_loop_is_told_in_full() -> None:
    snapshot = Snapshot(pods=(pod(statuses=(crashed(3),)),), logs={"app-7d9c-x/app": "starting\nboom\n"})
    assert diagnose("app", snapshot).as_dict() == {
        "phase": "app",
        "object": "Pod/app-7d9c-x",
        "reason": "CrashLoop",
        "exit_code": 3,
        "message": "Pod/app-7d9c-x ended with exit code 3 and was restarted 3 times",
        "log": "starting\nboom",
        "hint": "read the log: its last lines say why the application ended; run the image with the same variables",
    }


def test_the_newest_push_is_to_blame_and_not_the_healthy_pod_before_it() -> None:
    snapshot = Snapshot(
        pods=(
            ready_pod("app-old-a", owner=("ReplicaSet", "app-old")),
            pod("app-new-b", statuses=(NOT_FOUND,), owner=("ReplicaSet", "app-new")),
        ),
        objects=(replica_set("app-old", revision="1"), replica_set("app-new", revision="2")),
    )
    found = diagnose("app", snapshot)
    assert (found.object, found.reason, found.exit_code) == ("Pod/app-new-b", "ImageNotFound", None)


def test_a_database_comes_before_what_waits_for_it() -> None:
    snapshot = Snapshot(pods=(pod(statuses=(NOT_FOUND,)), database(crashed(1))))
    assert diagnose("app", snapshot).object == "Pod/postgresql-0"


def test_a_volume_comes_before_the_database_that_waits_for_it() -> None:
    unbound = {"type": "PodScheduled", "status": "False", "message": "pod has unbound immediate PersistentVolumeClaims"}
    waits = pod("postgresql-0", component="database", status={"conditions": [unbound]})
    failed = event("ProvisioningFailed", "no space", about=claim())
    found = diagnose("data", Snapshot(pods=(waits,), objects=(claim(),), events=(failed,)))
    assert (found.object, found.reason) == ("PersistentVolumeClaim/data-postgresql-0", "VolumeNotProvisioned")


def test_a_database_that_only_starts_does_not_hide_a_broken_application() -> None:
    snapshot = Snapshot(pods=(database(waiting("ContainerCreating")), pod(statuses=(NOT_FOUND,))))
    assert diagnose("app", snapshot).reason == "ImageNotFound"


def test_of_equal_causes_the_first_by_name_is_told_so_that_it_is_always_the_same() -> None:
    both = (pod("app-b", statuses=(crashed(1),)), pod("app-a", statuses=(crashed(1),)))
    assert diagnose("app", Snapshot(pods=both)).object == "Pod/app-a"


def test_pods_that_cannot_be_made_are_told_though_the_old_one_is_well() -> None:
    refused = replica_set("app-new", revision="2", made=0)
    told = event(
        "FailedCreate", "exceeded quota: quota, requested: pods=1, used: pods=4, limited: pods=4", about=refused
    )
    snapshot = Snapshot(
        pods=(ready_pod("app-old-a", owner=("ReplicaSet", "app-old")),),
        objects=(replica_set("app-old", revision="1"), refused),
        events=(told,),
    )
    found = diagnose("app", snapshot)
    assert (found.object, found.reason) == ("ReplicaSet/app-new", "QuotaExceeded")


def test_an_ingress_that_does_not_answer_is_to_blame_when_all_pods_are_well() -> None:
    found = diagnose("probe", Snapshot(pods=(ready_pod(),), probe=Answer(url=URL, status=404)))
    assert (found.object, found.reason, found.log) == ("Ingress/app", "IngressNotReached", "")
    assert URL in found.message


@pytest.mark.parametrize(
    ("answer", "log"),
    [
        (Answer(url=URL, status=500), "GET /health [redacted]"),
        # What answered nothing, or another, is not in the application's log.
        (Answer(url=URL, error="connection refused"), ""),
    ],
)
def test_a_wrong_answer_is_told_with_what_the_application_logged(answer: Answer, log: str) -> None:
    pods = (ready_pod(), ready_pod("postgresql-0", component="database"))
    logs = {"postgresql-0/app": "of the database", "app-7d9c-x/app": "GET /health correct-horse"}
    assert diagnose("probe", Snapshot(pods=pods, logs=logs, probe=answer), secrets=["correct-horse"]).log == log


def test_a_crash_between_two_requests_explains_more_than_the_gateway() -> None:
    flapping = ready_pod(statuses=(crashed(1) | running(ready=True),))
    snapshot = Snapshot(pods=(flapping,), logs={"app-7d9c-x/app": "boom"}, probe=Answer(url=URL, status=502))
    found = diagnose("probe", snapshot)
    assert (found.object, found.reason, found.log) == ("Pod/app-7d9c-x", "CrashLoop", "boom")


def test_a_pod_that_is_not_well_explains_more_than_the_ingress() -> None:
    snapshot = Snapshot(pods=(pod(statuses=(crashed(1),)),), probe=Answer(url=URL, status=503))
    assert diagnose("probe", snapshot).reason == "CrashLoop"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Job"])
def test_a_workload_without_any_pod_says_how_far_it_is(kind: str) -> None:
    obj = {"kind": kind, "metadata": {"name": "app"}, "spec": {}, "status": {"replicas": 1}}
    found = diagnose("app", Snapshot(objects=(obj,)))
    assert (found.object, found.reason) == (f"{kind}/app", "NotReady")
    assert "0 of 1" in found.message


def test_what_nobody_knows_is_told_as_it_is() -> None:
    told = event("Strange", "never\nseen")
    found = diagnose("app", Snapshot(pods=(pod(statuses=(waiting("Odd"),)),), events=(told,)))
    assert found.reason == "NotReady"
    assert found.message == (
        "Pod/app-7d9c-x did not become ready in time: Pending (Odd); the last event says Strange: never seen"
    )


def test_where_nothing_is_wrong_that_is_said() -> None:
    found = diagnose("app", Snapshot(pods=(ready_pod(),), probe=Answer(url=URL, status=200)))
    assert found == Diagnosis(phase="app", object="", reason="Unknown", message=found.message, hint=found.hint)
    assert "phase app did not end in time" in found.message


def test_no_secret_is_told_neither_in_the_log_nor_in_the_message() -> None:
    log = "connecting to postgres://app:hunter2@postgresql/app\nmine is correct-horse\n"
    strange = event("Strange", "while using correct-horse")
    crash = Snapshot(pods=(pod(statuses=(crashed(1),)),), logs={"app-7d9c-x/app": log})
    odd = Snapshot(pods=(pod(statuses=(waiting("Odd"),)),), events=(strange,))
    for snapshot in (crash, odd):
        found = diagnose("app", snapshot, secrets=["correct-horse"])
        assert "[redacted]" in found.log + found.message
        assert "hunter2" not in found.log
        assert "correct-horse" not in found.log + found.message


def test_no_secret_is_told_in_a_hint_that_takes_a_path_from_the_log() -> None:
    denied = "PermissionError: [Errno 13] Permission denied: '/run/correct-horse/key'"
    snapshot = Snapshot(pods=(pod(statuses=(crashed(1),)),), logs={"app-7d9c-x/app": denied})
    assert "/run/correct-horse/key" in diagnose("app", snapshot).hint
    assert "/run/[redacted]/key" in diagnose("app", snapshot, secrets=["correct-horse"]).hint


def test_the_last_words_of_a_container_stand_in_for_a_log_that_is_gone() -> None:
    said = Snapshot(pods=(pod(statuses=(crashed(1, message="last words"),)),))
    assert diagnose("app", said).log == "last words"
