# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness: one rule a kind."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.readiness import State, state

FAR = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}


def obj(kind: str, status: dict[str, Any] | None = None, *, spec: dict[str, Any] | None = None, **metadata: Any) -> Any:
    meta = {"name": "app", "generation": 3, **metadata}
    return {"kind": kind, "metadata": meta, "spec": spec or {}, **({} if status is None else {"status": status})}


def condition(kind: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": "Other", "status": "True"}, {"type": kind, "status": status, **more}]}


TWO = {"replicas": 2}
REVISIONS = {"currentRevision": "a", "updateRevision": "b"}
SAME = {"currentRevision": "b", "updateRevision": "b"}


@pytest.mark.parametrize(
    ("found", "expected", "reason"),
    [
        (obj("Deployment", FAR, spec=TWO), State.READY, ""),
        (obj("Deployment", {**FAR, "observedGeneration": 2}, spec=TWO), State.WAITING, "not seen this generation"),
        (obj("Deployment", spec=TWO), State.WAITING, "not seen this generation"),
        (obj("Deployment", {**FAR, "updatedReplicas": 1}, spec=TWO), State.WAITING, "1 of 2 replicas updated"),
        (obj("Deployment", {**FAR, "replicas": 3}, spec=TWO), State.WAITING, "1 old replicas still there"),
        (obj("Deployment", {**FAR, "availableReplicas": 0}, spec=TWO), State.WAITING, "0 of 2 replicas available"),
        (obj("Deployment", {"observedGeneration": 3}), State.WAITING, "0 of 1 replicas updated"),
        (obj("Deployment", {"observedGeneration": 3}, spec={"replicas": 0}), State.READY, ""),
        (
            obj("Deployment", FAR | condition("Progressing", "False", reason="ProgressDeadlineExceeded"), spec=TWO),
            State.FAILED,
            "progress deadline exceeded",
        ),
        (obj("StatefulSet", FAR | SAME, spec=TWO), State.READY, ""),
        (obj("StatefulSet", FAR | SAME | {"observedGeneration": 1}, spec=TWO), State.WAITING, "generation"),
        (obj("StatefulSet", FAR | SAME | {"readyReplicas": 1}, spec=TWO), State.WAITING, "1 of 2 replicas ready"),
        (
            obj("StatefulSet", FAR | REVISIONS | {"updatedReplicas": 1}, spec=TWO),
            State.WAITING,
            "1 of 2 replicas updated",
        ),
        (obj("StatefulSet", FAR | REVISIONS, spec=TWO | {"updateStrategy": {"type": "OnDelete"}}), State.READY, ""),
        (
            obj(
                "StatefulSet",
                FAR | REVISIONS | {"updatedReplicas": 1},
                spec=TWO | {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
            ),
            State.READY,
            "",
        ),
        (obj("PersistentVolumeClaim", {"phase": "Bound"}), State.READY, ""),
        (obj("PersistentVolumeClaim", {"phase": "Pending"}), State.READY, ""),
        (obj("PersistentVolumeClaim", {"phase": "Lost"}), State.FAILED, "lost"),
        (
            obj(
                "PersistentVolumeClaim",
                {"phase": "Pending"},
                annotations={"volume.kubernetes.io/selected-node": "node-1"},
            ),
            State.WAITING,
            "on node node-1",
        ),
        (obj("Job", condition("Complete")), State.READY, ""),
        (obj("Job", condition("Failed", message="back-off limit")), State.FAILED, "back-off limit"),
        (obj("Job", condition("FailureTarget", reason="PodFailurePolicy")), State.FAILED, "PodFailurePolicy"),
        (obj("Job", condition("Failed", "False")), State.WAITING, "0 of 1 pods succeeded"),
        (obj("Job", spec={"suspend": True}), State.WAITING, "suspended"),
        (obj("Pod", condition("Ready")), State.READY, ""),
        (obj("Pod", {"phase": "Succeeded"}), State.READY, ""),
        (obj("Pod", {"phase": "Failed", "reason": "Evicted"}), State.FAILED, "Evicted"),
        (obj("Pod", {"phase": "Running"} | condition("Ready", "False", message="x")), State.WAITING, "x"),
        (obj("Pod"), State.WAITING, "Pending"),
        (obj("Namespace", {"phase": "Active"}), State.READY, ""),
        (obj("Namespace", {"phase": "Terminating"}), State.FAILED, "deleted"),
        (obj("Namespace", {"phase": "Active"}, deletionTimestamp="2026-01-01T10:00:00Z"), State.FAILED, "deleted"),
        (obj("ResourceQuota", {"hard": {"pods": "4"}}, spec={"hard": {"pods": "4"}}), State.READY, ""),
        (obj("ResourceQuota", spec={"hard": {"pods": "4"}}), State.WAITING, "not in force"),
        (obj("Ingress"), State.READY, ""),
        (obj("ConfigMap"), State.READY, ""),
        (obj("ConfigMap", deletionTimestamp="2026-01-01T10:00:00Z"), State.WAITING, "is being deleted"),
    ],
)
def test_each_kind_is_judged_by_its_own_status(found: Any, expected: State, reason: str) -> None:
    readiness = state(found)
    assert readiness.state is expected
    assert reason in readiness.reason
    assert bool(readiness.reason) is (expected is not State.READY)
