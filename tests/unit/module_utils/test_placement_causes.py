# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a pod that is not made, finds no node or lacks its volume, in the words of the control plane."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import recognise
from ansible_collections.ephemeral.k8s.plugins.module_utils.findings import Finding
from ansible_collections.ephemeral.k8s.plugins.module_utils.suspects import Suspect
from ansible_collections.ephemeral.k8s.tests.unit.situations import claim, container, event, pod, replica_set, suspect

FORBIDDEN = 'Error creating: pods "app-7d9c-" is forbidden: '
NODES = "0/1 nodes are available: "


def finding(accused: Suspect) -> Finding:
    recognised = recognise(accused)
    assert recognised is not None
    return recognised[1]


def refused(message: str) -> Finding:
    return finding(Suspect(object=replica_set(made=0), events=(event("FailedCreate", message),)))


def unscheduled(message: str, **more: Any) -> Finding:
    return finding(suspect(conditions=[{"type": "PodScheduled", "status": "False", "message": message}], **more))


def test_an_exceeded_quota_shows_the_sum() -> None:
    sums = "requested: limits.memory=512Mi,pods=1, used: limits.memory=1Gi,pods=2, limited: limits.memory=1Gi,pods=2"
    found = refused(f"{FORBIDDEN}exceeded quota: quota, {sums}")
    assert found.reason == "QuotaExceeded"
    assert found.message == (
        "ReplicaSet/app-7d9c could not make its pod: it asks for limits.memory=512Mi, pods=1; "
        "in use are limits.memory=1Gi, pods=2; ResourceQuota/quota allows limits.memory=1Gi, pods=2"
    )
    assert "run the job again" in found.hint


def test_a_quota_that_is_not_ours_is_named_and_not_the_repositorys_to_lower() -> None:
    sums = "requested: pods=1, used: pods=1, limited: pods=1"
    found = refused(f"{FORBIDDEN}exceeded quota: strangers, {sums}")
    assert "ResourceQuota/strangers allows pods=1" in found.message
    assert found.hint.startswith("ResourceQuota/strangers is no part of the environment")


@pytest.mark.parametrize(
    ("message", "reason", "said"),
    [
        (
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app")',
            "PodSecurityRefused",
            "Pod Security restricted:latest forbids allowPrivilegeEscalation != false",
        ),
        (
            "[maximum memory usage per Container is 2Gi, but limit is 4Gi, maximum cpu usage per Container is 2]",
            "LimitExceeded",
            "maximum memory usage per Container is 2Gi, but limit is 4Gi",
        ),
        (
            "maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 20Gi",
            "LimitExceeded",
            "per PersistentVolumeClaim is 10Gi, but request is 20Gi",
        ),
        (
            'error looking up service account shop-pr-7/app: serviceaccount "app" not found',
            "CreateRefused",
            "not found",
        ),
        (
            'admission webhook "rules.example.org" denied the request: only signed images',
            "AdmissionRefused",
            '"rules.example.org" denied the request: only signed images',
        ),
    ],
)
def test_a_pod_that_the_api_server_refuses(message: str, reason: str, said: str) -> None:
    found = refused(FORBIDDEN + message)
    assert found.reason == reason
    assert said in found.message


def test_the_condition_tells_where_the_event_is_gone() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": f"{FORBIDDEN}something new"}
    found = finding(Suspect(object=replica_set(made=0, conditions=[failure])))
    assert found.reason == "CreateRefused"
    assert "something new" in found.message


def test_a_condition_that_is_over_tells_nothing() -> None:
    over = {"type": "ReplicaFailure", "status": "False", "message": "old"}
    assert recognise(Suspect(object=replica_set(made=0, conditions=[over]))) is None


def test_a_claim_without_a_volume_names_size_and_class() -> None:
    told = event("ProvisioningFailed", 'failed to provision volume with StorageClass "local-path": no space')
    found = finding(Suspect(object=claim(), events=(told,)))
    assert found.reason == "VolumeNotProvisioned"
    assert "data-postgresql-0 of 1Gi and storage class local-path has no volume" in found.message


def test_a_claim_whose_provisioner_does_nothing_is_told_with_what_it_waits_for() -> None:
    told = event("ExternalProvisioning", "Waiting for a volume to be created by the provisioner 'example.org/away'")
    found = finding(Suspect(object=claim(), events=(told,)))
    assert found.reason == "VolumeNotProvisioned"
    assert "'example.org/away'" in found.message


def test_a_claim_that_waits_for_its_consumer_is_not_to_blame() -> None:
    waits = event("WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    assert recognise(Suspect(object=claim(), events=(waits,))) is None


def test_an_evicted_pod() -> None:
    found = finding(suspect(reason="Evicted", message="Pod ephemeral local storage usage exceeds the total limit"))
    assert found.reason == "Evicted"
    assert "ephemeral local storage" in found.message


def test_an_evicted_pod_names_the_directory_that_was_full() -> None:
    spec = container() | {"volumeMounts": [{"name": "writable-0", "mountPath": "/app/cache"}]}
    full = 'Usage of EmptyDir volume "writable-0" exceeds the limit "256Mi". '
    accused = Suspect(object=pod(containers=(spec,), status={"reason": "Evicted", "message": full}))
    assert finding(accused).message == "Pod/app-7d9c-x was evicted: /app/cache holds more than 256Mi"
    unknown = Suspect(object=pod(status={"reason": "Evicted", "message": full}))
    assert 'EmptyDir volume "writable-0"' in finding(unknown).message


def test_a_pod_that_fits_nowhere_shows_its_sum() -> None:
    side = container(name="side")
    migrate = container(name="migrate") | {"resources": {"requests": {"cpu": "80m", "memory": "1Gi"}}}
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "message": f"{NODES}1 Insufficient cpu, 1 Insufficient memory. no new claims to deallocate, "
        f"preemption: {NODES}1 No preemption victims found for incoming pod.",
    }
    big = pod(containers=(container(), side), init=(migrate,), status={"conditions": [condition]})
    found = finding(Suspect(object=big))
    assert found.reason == "Unschedulable"
    # Two containers of 50m and 128Mi run together; the init container needs 1Gi before them.
    assert "asks for 100m CPU and 1Gi memory" in found.message
    assert found.message.endswith(f"(short: cpu, memory): {NODES}1 Insufficient cpu, 1 Insufficient memory.")
    assert "resources.requests" in found.hint


def test_a_node_under_pressure_is_the_maintainers_business() -> None:
    found = unscheduled(f"{NODES}1 node(s) had untolerated taint {{node.kubernetes.io/disk-pressure: }}.")
    assert found.reason == "Unschedulable"
    assert "node.kubernetes.io/disk-pressure" in found.hint
    assert "maintainer" in found.hint


@pytest.mark.parametrize(
    "message",
    [
        f"{NODES}pod has unbound immediate PersistentVolumeClaims.",
        'persistentvolumeclaim "data-postgresql-0" not found',
        f"{NODES}1 node(s) had volume node affinity conflict.",
    ],
)
def test_a_pod_that_waits_for_its_volume(message: str) -> None:
    assert unscheduled(message, component="database").reason == "VolumePending"


@pytest.mark.parametrize(
    ("reason", "message", "expected"),
    [
        ("FailedMount", 'MountVolume.SetUp failed for volume "pvc-1": mount failed', "VolumeNotMounted"),
        ("FailedAttachVolume", "Multi-Attach error", "VolumeNotMounted"),
        ("FailedMount", 'configmap "postgresql-start" not found', "MissingConfigMap"),
        ("FailedCreatePodSandBox", "failed to setup network for sandbox", "NodeNotReady"),
    ],
)
def test_a_pod_that_the_node_cannot_prepare(reason: str, message: str, expected: str) -> None:
    assert finding(suspect(events=(event(reason, message),))).reason == expected


def test_a_pod_of_which_nothing_is_known_is_not_judged() -> None:
    assert recognise(suspect()) is None
