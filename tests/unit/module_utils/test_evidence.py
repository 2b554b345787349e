# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence: of each container that is not well, the log that tells why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.evidence import gather
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Answer, Listing
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

AGAIN = {"restartCount": 2, "lastState": {"terminated": {"exitCode": 1}}}
BETWEEN = {"name": "app", "ready": False, "restartCount": 1, "state": {"terminated": {"exitCode": 1}}}


class Cluster:
    """Lists what it was given, and tells which of a container's logs was asked for."""

    def __init__(self, *objects: dict[str, Any], said: str = "") -> None:
        self._objects = objects
        self.said = said
        self.lines: list[int] = []

    def list(self, kind: str, *, namespace: str) -> Listing:
        assert namespace == "shop-pr-7"
        return Listing(items=tuple(each for each in self._objects if each["kind"] == kind), resource_version="1")

    def log(self, *, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        assert namespace == "shop-pr-7"
        self.lines.append(lines)
        return self.said or f"{'previous' if previous else 'current'} of {container}"


def snapshot_of(*objects: dict[str, Any], **more: Any) -> Any:
    with ThreadPoolExecutor(2) as pool:
        return gather(Cluster(*objects), namespace="shop-pr-7", pool=pool, **more)


@pytest.mark.parametrize(
    ("status", "log"),
    [
        (crashed(1), "current of app"),
        (BETWEEN, "current of app"),
        (running(), "current of app"),
        (running(**AGAIN), "previous of app"),
        (waiting("ErrImagePull"), "current of app"),
    ],
    ids=["in back-off", "just ended", "runs, not ready", "runs again", "never started"],
)
def test_the_log_is_that_of_the_run_that_failed(status: dict[str, Any], log: str) -> None:
    assert snapshot_of(pod(statuses=(status,))).logs == {"app-7d9c-x/app": log}


@pytest.mark.parametrize(
    ("status", "lines"), [(crashed(1), 40), (running(**AGAIN), 40), (running(), 200)], ids=["crashed", "again", "runs"]
)
def test_of_one_that_runs_more_is_read_since_its_probe_is_in_the_log(status: dict[str, Any], lines: int) -> None:
    cluster = Cluster(pod(statuses=(status,)))
    with ThreadPoolExecutor(2) as pool:
        gather(cluster, namespace="shop-pr-7", pool=pool)
    assert cluster.lines == [lines]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\n" + "b" * 200_000 + "\n" + "c" * 100_000 + "\nd", "c" * 100_000 + "\nd"),
        ("e" * 300_000, "e" * 256 * 1024),
        ("short", "short"),
    ],
    ids=["long lines", "one line", "short"],
)
def test_of_a_log_that_is_very_long_the_end_is_kept(said: str, kept: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = gather(Cluster(pod(statuses=(crashed(1),)), said=said), namespace="shop-pr-7", pool=pool)
    assert found.logs == {"app-7d9c-x/app": kept}


def test_a_container_that_is_well_and_always_was_has_no_log_to_tell() -> None:
    assert snapshot_of(ready_pod()).logs == {}


def test_behind_a_url_that_answers_wrongly_the_log_of_one_that_is_well_may_tell() -> None:
    answer = Answer(url="https://shop", status=500)
    assert snapshot_of(ready_pod(), answer=answer).logs == {"app-7d9c-x/app": "current of app"}


def test_one_that_crashed_before_and_is_well_now_tells_of_its_crash() -> None:
    assert snapshot_of(ready_pod(statuses=(running(ready=True, **AGAIN),))).logs == {
        "app-7d9c-x/app": "previous of app"
    }


def test_init_containers_are_asked_as_well() -> None:
    found = snapshot_of(pod(init_statuses=(crashed(1, name="wait"),), statuses=(waiting("PodInitializing"),)))
    assert found.logs["app-7d9c-x/wait"] == "current of wait"


def test_all_that_may_be_to_blame_is_read() -> None:
    answer = Answer(url="https://shop", status=404)
    found = snapshot_of(pod(), event("Failed", "x"), replica_set(), claim(), answer=answer)
    assert [each["kind"] for each in (*found.pods, *found.events, *found.objects)] == [
        "Pod",
        "Event",
        "ReplicaSet",
        "PersistentVolumeClaim",
    ]
    assert found.probe == answer
