# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment comes into being phase by phase, and whatever goes wrong is told truly."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import present as present_module
from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.environment import Platform, World
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import CancelledError, ClusterError, RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.present import check, present
from ansible_collections.ephemeral.k8s.plugins.module_utils.record import Request
from tests.unit.fakes import FakeCluster, FakeProber

PLACE = "demo-pr-1"
RECORD = Ref("Environment", PLACE, "platform")
LEASE = Ref("Lease", PLACE, "platform")
CONFIG = {"projectId": "demo", "databases": {"postgresql": True}}
REQUEST = Request(
    identity=Identity(project="demo", pr=1),
    repository="acme/demo",
    repository_id=42,
    sha="abc",
    branch="feat/x",
    author="ada",
    image="demo:1",
    sequence=1,
    profile="team",
)
PLATFORM = Platform(
    domain="preview.example.org",
    https_port=443,
    charts="charts",
    namespace="platform",
    images={},
    storage_class="",
    ingress_class="traefik",
    ingress_selector={"namespace": "platform", "labels": {"app": "traefik"}},
)
HUGE = {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
QUOTA = Ref("ResourceQuota", "quota", PLACE)
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "one"},
    "spec": {"podCIDRs": ["10.244.0.0/24"]},
    "status": {
        "allocatable": {"cpu": "4", "memory": "16Gi"},
        "addresses": [{"type": "InternalIP", "address": "5.6.7.8"}],
    },
}


class FakeCharts:
    """A workload for each chart."""

    def __init__(self):
        self.broken = None

    def template(self, chart, *, release, namespace, values):
        if self.broken:
            raise RefusedError(self.broken)
        kind = "StatefulSet" if release == "postgresql" else "Deployment"
        spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": release, "image": values["image"]}]}}}
        return [
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": release}, "spec": spec},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": release}, "spec": {}},
        ]


READY = {
    "ResourceQuota": {"hard": None},
    "Deployment": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
    "StatefulSet": {
        "replicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "1",
        "updateRevision": "1",
    },
}


@pytest.fixture
def cluster():
    fake = FakeCluster()
    fake.put(NODE)
    healthy = set(READY)

    def controllers(verb, obj):
        if verb == "apply" and obj["kind"] in healthy and not obj.get("status"):
            named = Ref(obj["kind"], obj["metadata"]["name"], PLACE)
            status = {"hard": obj["spec"]["hard"]} if obj["kind"] == "ResourceQuota" else READY[obj["kind"]]
            threading.Timer(0.01, fake.update, (named,), {"status": status}).start()

    fake.healthy = healthy
    fake.react = controllers
    return fake


@pytest.fixture
def world(cluster):
    with ThreadPoolExecutor(8) as pool:
        yield World(
            cluster=cluster,
            helm=FakeCharts(),
            prober=FakeProber(404, 502, 200),
            clock=SystemClock(),
            pool=pool,
            token=lambda size: "t" * size,
            run="me",
            timeout_seconds=2.0,
            lease_wait_seconds=1.0,
        )


def replica_set():
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": "app-1",
            "namespace": PLACE,
            "ownerReferences": [{"kind": "Deployment", "name": "app"}],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }


def pod(*, containers, phase="Running"):
    owner = {"kind": "ReplicaSet", "name": "app-1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app-1-x", "namespace": PLACE, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "app", "image": "demo:1"}]},
        "status": {"phase": phase, "containerStatuses": containers},
    }


def crashing_pod():
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    return pod(containers=[{"name": "app", "restartCount": 2, "state": waiting, "lastState": ended}])


def phases(preview):
    return [step.name for step in preview.phases]


def status(cluster):
    return cluster.objects[RECORD]["status"]


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


def test_an_application_that_never_gets_ready_fails_with_a_diagnosis_and_keeps_the_data(world, cluster):
    cluster.healthy.discard("Deployment")
    failed = present(replace(world, timeout_seconds=0.3), PLATFORM, REQUEST, CONFIG)
    assert failed.status == "failed"
    assert failed.diagnosis["phase"] == "app"
    assert phases(failed)[-1] == "app"
    assert status(cluster)["phase"] == "Failed"
    assert status(cluster)["diagnosis"]["phase"] == "app"
    assert Ref("StatefulSet", "postgresql", PLACE) in cluster.objects


def test_a_hopeless_pod_ends_the_wait_at_once(world, cluster):
    cluster.healthy.discard("Deployment")
    cluster.put(replica_set())
    waiting = {"reason": "ErrImagePull", "message": "registry/demo:1: not found"}
    cluster.put(pod(containers=[{"name": "app", "state": {"waiting": waiting}}], phase="Pending"))
    failed = present(replace(world, timeout_seconds=60.0), PLATFORM, REQUEST, CONFIG)
    assert failed.diagnosis["reason"] == "ImageNotFound"


def test_a_quota_that_does_not_come_into_force_stops_before_the_first_pod(world, cluster):
    cluster.healthy.discard("ResourceQuota")
    failed = present(replace(world, timeout_seconds=0.3), PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["phase"]) == ("failed", "guardrails")
    assert Ref("StatefulSet", "postgresql", PLACE) not in cluster.objects


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


def test_a_password_in_a_log_line_is_not_shown(world, cluster):
    secret = base64.b64encode(b"correct-horse-battery").decode()
    labels = {"app.kubernetes.io/component": "database"}
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "postgresql", "namespace": PLACE, "labels": labels},
            "data": {"password": secret},
        }
    )
    cluster.put(crashing_pod())
    cluster.logs["app-1-x/app"] = "connecting with correct-horse-battery"
    cluster.put(replica_set())
    cluster.healthy.discard("Deployment")
    failed = present(replace(world, timeout_seconds=60.0), PLATFORM, REQUEST, CONFIG)
    assert failed.diagnosis["log"].startswith("connecting with ")
    assert "correct-horse-battery" not in str(failed.as_dict())


def test_an_url_that_does_not_answer_is_a_failure_of_the_probe(world, cluster):
    deaf = replace(world, prober=FakeProber(404), timeout_seconds=0.3)
    failed = present(deaf, PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["phase"]) == ("failed", "probe")
    assert "404" in failed.diagnosis["message"]


def test_a_refused_object_is_named_and_the_turn_given_back(world, cluster):
    def refuse(verb, named):
        if (verb, named.kind) == ("apply", "Deployment"):
            raise ClusterError("422 spec is immutable", status=422, reason="Invalid")

    cluster.refuse = refuse
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert failed.diagnosis["message"] == "Deployment/app: 422 spec is immutable"
    assert failed.diagnosis["reason"] == "Invalid"
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_a_run_that_is_asked_to_stop_says_so_on_record(world, cluster, monkeypatch):
    def stop(*_):
        raise CancelledError("the run was asked to stop (SIGTERM)")

    monkeypatch.setattr(present_module._Deployment, "_probe", stop)
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert failed.diagnosis["reason"] == "Cancelled"
    assert status(cluster)["phase"] == "Failed"
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_a_newer_event_during_a_run_makes_it_give_way(world, cluster):
    controllers = cluster.react

    def newer(verb, obj):
        controllers(verb, obj)
        if verb == "apply" and obj["kind"] == "StatefulSet":
            annotations = {"k8s-ee/sequence": "2 42"}
            lease = cluster.objects[LEASE]
            cluster.update(LEASE, metadata={**lease["metadata"], "annotations": annotations})

    cluster.healthy.discard("StatefulSet")
    cluster.react = newer
    present_turn = present(replace(world, timeout_seconds=20.0), PLATFORM, REQUEST, CONFIG)
    assert present_turn.status == "superseded"


def test_a_cluster_that_is_away_is_told_in_one_line(world, cluster):
    def refuse(verb, named):
        raise ClusterError("API server https://x cannot be reached: connection refused")

    cluster.refuse = refuse
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["phase"]) == ("failed", "plan")
    assert failed.diagnosis["hint"].startswith("nothing was changed")
