# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers in a cluster: admission that is slow or refuses, other hands on our objects, what uses up a quota."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .admission_webhook import Webhook, admission
from .api_faults import writes
from .conftest import Stage
from .demo import demo_config
from .endings import CLOSING, comes_to, ended, failed, is_gone, serves
from .faulty_proxy import FaultyProxy
from .places import KUBECONFIG, REGISTRY
from .runs import Run, play

pytestmark = pytest.mark.faults

SMALL = demo_config(databases={})
TIMEOUT_SECONDS = 8
# What a stranger could open a door with, or close one.
GUARDED = ("networkpolicy", "resourcequota", "limitrange", "serviceaccount", "deployment", "service", "ingress")


def opened(stage: Stage, number: int, sha: str = "one", **variables: Any) -> Run:
    return stage.pr(number, config=SMALL, pr_sha=sha, **variables)


def served(stage: Stage, number: int, sha: str = "one") -> bool:
    """Open it and see it serve; whether anything was not as asked."""
    preview = ended(opened(stage, number, sha), "ready", number)
    serves(stage.api, number)
    return bool(preview["changed"])


def closed(stage: Stage, number: int) -> None:
    run = play("pr.yml", {"pr": number, "pr_state": "absent", "pr_project": "demo"})
    ended(run, "destroyed", number, way=CLOSING)
    is_gone(stage.api, number)


def stranger(stage: Stage, manifest: dict[str, Any]) -> None:
    """Apply an object as another field manager, taking over what it names."""
    path = stage.folder / "stranger.json"
    path.write_text(json.dumps(manifest))
    stage.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=stranger", "-f", str(path))


def strangers_pod(number: int) -> dict[str, Any]:
    """A pod that restricted Pod Security admits, that no node takes and that a quota counts all the same."""
    container = {
        "name": "stranger",
        "image": f"{REGISTRY}/demo:pr-1",
        "resources": {name: {"cpu": "50m", "memory": "64Mi"} for name in ("requests", "limits")},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 1001, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "stranger", "namespace": f"demo-pr-{number}"},
        "spec": {"containers": [container], "securityContext": security, "nodeSelector": {"stranger": "nowhere"}},
    }


def state_of(stage: Stage, number: int) -> dict[str, Any]:
    """What is asked for in an environment's namespace, and the namespace's labels."""
    place = f"demo-pr-{number}"
    found = stage.kubectl.json("get", ",".join(GUARDED), "-n", place)["items"]
    specs = {
        f"{item['kind']}/{item['metadata']['name']}": item.get("spec", item.get("automountServiceAccountToken"))
        for item in found
    }
    return {**specs, "labels": stage.kubectl.json("get", "namespace", place)["metadata"]["labels"]}


def slow_admission_costs_time_alone(stage: Stage) -> None:
    with admission(stage.kubectl, stage.folder, Webhook(seconds=1), namespaces=["demo-pr-431"]) as webhook:
        assert served(stage, 431)
        assert {"Namespace/demo-pr-431", "Deployment/app", "NetworkPolicy/default-deny"} <= set(webhook.asked)
        assert webhook.places == {"demo-pr-431"}, "it holds up nobody else"
    closed(stage, 431)


def admission_that_is_too_slow_is_named(stage: Stage) -> None:
    slow = Webhook(seconds=3 * TIMEOUT_SECONDS)
    with admission(stage.kubectl, stage.folder, slow, namespaces=["demo-pr-432"], patience_seconds=1) as webhook:
        diagnosis = failed(opened(stage, 432, preview_timeout=TIMEOUT_SECONDS), 432, timeout=TIMEOUT_SECONDS)
        assert webhook.asked.count("Namespace/demo-pr-432") > 1, "it is asked again"
    assert diagnosis["object"] == "Namespace/demo-pr-432"
    assert "demo-pr-432.faults.example.org" in diagnosis["message"]
    assert served(stage, 432)
    closed(stage, 432)


def admission_that_refuses_an_object_is_named_with_its_words(stage: Stage) -> None:
    strict = Webhook(refuses={"Deployment": "not on a Friday"})
    with admission(stage.kubectl, stage.folder, strict, namespaces=["demo-pr-433"]):
        diagnosis = failed(opened(stage, 433), 433, timeout=1)
    assert (diagnosis["phase"], diagnosis["object"]) == ("app", "Deployment/app")
    assert diagnosis["reason"] == "AdmissionRefused"
    assert "demo-pr-433.faults.example.org" in diagnosis["message"]
    assert "not on a Friday" in diagnosis["message"]
    assert served(stage, 433)
    closed(stage, 433)


def admission_that_refuses_its_pods_is_named_with_its_words(stage: Stage) -> None:
    strict = Webhook(refuses={"Pod": "only signed images"})
    with admission(stage.kubectl, stage.folder, strict, namespaces=["demo-pr-434"]):
        diagnosis = failed(opened(stage, 434, preview_timeout=TIMEOUT_SECONDS), 434, timeout=TIMEOUT_SECONDS)
    assert diagnosis["phase"] == "app"
    assert diagnosis["object"].startswith("ReplicaSet/app-")
    assert diagnosis["reason"] == "AdmissionRefused"
    assert "demo-pr-434.faults.example.org" in diagnosis["message"]
    assert "only signed images" in diagnosis["message"]
    served(stage, 434)
    closed(stage, 434)


def what_another_hand_has_changed_is_taken_back(stage: Stage) -> None:
    place = "demo-pr-435"

    def change(api_version: str, kind: str, name: str, **parts: Any) -> None:
        metadata = {"name": name, "namespace": place, **parts.pop("metadata", {})}
        stranger(stage, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts})

    assert served(stage, 435)
    before = state_of(stage, 435)
    change("apps/v1", "Deployment", "app", spec={"replicas": 0})
    change("networking.k8s.io/v1", "NetworkPolicy", "allow-own-namespace", spec={"podSelector": {}, "ingress": [{}]})
    # Ours says nothing of rules here: that nothing may pass is the absence of any.
    change("networking.k8s.io/v1", "NetworkPolicy", "default-deny", spec={"podSelector": {}, "ingress": [{}]})
    change("v1", "ResourceQuota", "quota", spec={"hard": {"pods": "40", "services.nodeports": "5"}})
    change("v1", "ServiceAccount", "default", automountServiceAccountToken=True)
    labels = {"pod-security.kubernetes.io/enforce": "privileged"}
    stranger(stage, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place, "labels": labels}})
    opened_up = state_of(stage, 435)
    assert {name for name in before if before[name] != opened_up[name]} == {
        "Deployment/app",
        "NetworkPolicy/allow-own-namespace",
        "NetworkPolicy/default-deny",
        "ResourceQuota/quota",
        "ServiceAccount/default",
        "labels",
    }
    assert served(stage, 435), "it says that something was not as asked"
    assert state_of(stage, 435) == before
    assert not served(stage, 435)
    closed(stage, 435)


@contextmanager
def other_hand(stage: Stage, number: int) -> Iterator[None]:
    """Somebody writes to our objects again and again, so that what was read is seldom the newest version."""
    enough, place = threading.Event(), f"demo-pr-{number}"

    def write() -> None:
        kinds = "deployment,resourcequota,networkpolicy,service"
        count = 0
        while not enough.is_set():
            count += 1
            stage.kubectl("annotate", kinds, "--all", "-n", place, "--overwrite", f"stranger={count}", check=False)

    hands = [threading.Thread(target=write) for _ in range(2)]
    for hand in hands:
        hand.start()
    try:
        yield
    finally:
        enough.set()
        for hand in hands:
            hand.join()


def another_hand_that_writes_all_the_time_is_no_conflict(stage: Stage) -> None:
    assert served(stage, 436)
    with other_hand(stage, 436):
        assert served(stage, 436, "two")
        deployment = stage.kubectl.json("get", "deployment", "app", "-n", "demo-pr-436")
        assert int(deployment["metadata"]["annotations"]["stranger"]) > 1
    closed(stage, 436)


def what_another_hand_changes_during_a_run_is_told_and_taken_back_by_the_next(stage: Stage) -> None:
    with FaultyProxy(KUBECONFIG, stage.folder) as proxy:
        way = {"preview_kubeconfig": proxy.kubeconfig, "preview_timeout": TIMEOUT_SECONDS}
        with stage.pr.start(437, config=SMALL, pr_sha="one", **way) as run:
            comes_to(run, proxy, lambda asked: writes(asked) and asked.path.endswith("/deployments/app"))
            place = ("-n", "demo-pr-437")
            stage.kubectl("wait", "--for=create", "deployment/app", *place, "--timeout=10s")
            stage.kubectl("scale", "deployment", "app", *place, "--replicas=0")
            diagnosis = failed(run.wait(), 437, timeout=TIMEOUT_SECONDS)
    assert (diagnosis["phase"], diagnosis["object"]) == ("probe", "Ingress/app")
    assert diagnosis["reason"] == "IngressNotReached"
    assert served(stage, 437), "it says that something was not as asked"
    closed(stage, 437)


def a_pod_that_uses_up_the_quota_is_told_with_the_numbers(stage: Stage) -> None:
    assert served(stage, 438)
    stranger(stage, strangers_pod(438))
    diagnosis = failed(opened(stage, 438, "two", preview_timeout=TIMEOUT_SECONDS), 438, timeout=TIMEOUT_SECONDS)
    assert diagnosis["phase"] == "app"
    assert diagnosis["object"].startswith("ReplicaSet/app-")
    assert diagnosis["reason"] == "QuotaExceeded"
    asks, used, allowed = re.findall(r"pods=(\d+)", diagnosis["message"])
    assert (asks, used, allowed) == ("1", "2", "2")
    stage.kubectl("delete", "pod", "stranger", "-n", "demo-pr-438", "--force", "--grace-period=0")
    assert served(stage, 438, "three")
    closed(stage, 438)


def an_object_that_uses_up_the_quota_is_told_with_the_numbers(stage: Stage) -> None:
    assert served(stage, 439)
    stage.kubectl("delete", "service", "app", "-n", "demo-pr-439")
    stage.kubectl("create", "service", "clusterip", "stranger", "--tcp=80", "-n", "demo-pr-439")
    diagnosis = failed(opened(stage, 439, "two"), 439, timeout=TIMEOUT_SECONDS)
    assert (diagnosis["phase"], diagnosis["object"]) == ("app", "Service/app")
    assert diagnosis["reason"] == "QuotaExceeded"
    asks, used, allowed = re.findall(r"(?<=[ :])services=(\d+)", diagnosis["message"])
    assert (asks, used, allowed) == ("1", "1", "1")
    stage.kubectl("delete", "service", "stranger", "-n", "demo-pr-439")
    assert served(stage, 439, "two")
    closed(stage, 439)


QUICK = (
    admission_that_refuses_an_object_is_named_with_its_words,
    what_another_hand_has_changed_is_taken_back,
)
SLOW = (
    a_pod_that_uses_up_the_quota_is_told_with_the_numbers,
    slow_admission_costs_time_alone,
    admission_that_is_too_slow_is_named,
    admission_that_refuses_its_pods_is_named_with_its_words,
    another_hand_that_writes_all_the_time_is_no_conflict,
    what_another_hand_changes_during_a_run_is_told_and_taken_back_by_the_next,
    an_object_that_uses_up_the_quota_is_told_with_the_numbers,
)


@pytest.mark.parametrize(
    "story", [*QUICK, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)], ids=lambda each: each.__name__
)
def test_of_strangers(at_once, story):
    at_once[story].result()
