# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever goes wrong while an environment comes into being is told truly, and first things first."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.deployment import Deployment
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import CancelledError, ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.present import present
from tests.unit.engine import (
    CONFIG,
    LEASE,
    PLACE,
    PLATFORM,
    READY,
    REQUEST,
    cluster_with_controllers,
    crashing_pod,
    phases,
    pod,
    replica_set,
    status,
    world_around,
)
from tests.unit.fakes import FakeProber


@pytest.fixture
def cluster():
    return cluster_with_controllers()


@pytest.fixture
def world(cluster):
    with world_around(cluster) as made:
        yield made


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


def test_a_variable_s_value_in_a_log_line_is_not_shown(world, cluster):
    cluster.put(crashing_pod())
    cluster.logs["app-1-x/app"] = "starting with correct-horse-battery"
    cluster.put(replica_set())
    cluster.healthy.discard("Deployment")
    config = {**CONFIG, "env": {"API_KEY": "correct-horse-battery"}}
    failed = present(replace(world, timeout_seconds=60.0), PLATFORM, REQUEST, config)
    assert failed.diagnosis["log"].startswith("starting with ")
    assert "correct-horse-battery" not in str(failed.as_dict())
    assert "correct-horse-battery" not in str(status(cluster))


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

    monkeypatch.setattr(Deployment, "_probe", stop)
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
    assert (present_turn.status, present_turn.changed) == ("superseded", True)
    assert status(cluster)["phase"] == "Deploying"


def test_a_cluster_that_is_away_is_told_in_one_line(world, cluster):
    def refuse(verb, named):
        raise ClusterError("API server https://x cannot be reached: connection refused")

    cluster.refuse = refuse
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["phase"]) == ("failed", "plan")
    assert failed.diagnosis["hint"].startswith("nothing was changed")


def refusing(*refused):
    """Faults of an API server, by verb and kind."""

    def refuse(verb, named):
        if (verb, named.kind) in refused:
            raise ClusterError(f"422 {verb} {named.kind}", status=422, reason="Invalid")

    return refuse


def test_a_record_that_cannot_be_written_is_what_the_user_reads_about(world, cluster):
    cluster.refuse = refusing(("apply", "Environment"))
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["phase"]) == ("failed", "record")
    assert failed.diagnosis["message"] == "422 apply Environment"
    assert "status" not in cluster.verbs("Environment")
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_the_first_error_is_told_although_the_record_fails_too(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    cluster.refuse = refusing(("apply", "Environment"), ("status", "Environment"))
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert failed.diagnosis["message"] == "422 apply Environment"


def test_a_success_that_cannot_be_put_on_record_is_none(world, cluster):
    def refuse(verb, named):
        if verb == "status" and world.prober.asked:
            raise ClusterError("409 away", status=409)

    cluster.refuse = refuse
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.changed, failed.diagnosis["message"]) == ("failed", True, "409 away")


def test_a_run_that_lost_its_turn_writes_no_end(world, cluster, monkeypatch):
    def lost(self, plan):
        self._turn._lost = ClusterError("another run took over")

    monkeypatch.setattr(Deployment, "_probe", lost)
    failed = present(world, PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["message"]) == ("failed", "another run took over")
    assert status(cluster)["phase"] == "Deploying"


def test_the_same_again_after_an_image_was_mended_is_no_failure(world, cluster):
    cluster.healthy.discard("Deployment")
    cluster.put(replica_set())
    waiting = {"reason": "ImagePullBackOff", "message": "registry/demo:1: not found"}
    cluster.put(pod(containers=[{"name": "app", "state": {"waiting": waiting}}], phase="Pending"))
    assert present(replace(world, timeout_seconds=60.0), PLATFORM, REQUEST, CONFIG).status == "failed"

    controllers = cluster.react

    def mended(verb, obj):
        controllers(verb, obj)
        if verb == "delete" and obj["kind"] == "Pod":
            cluster.update(Ref("Deployment", "app", PLACE), status=READY["Deployment"])

    cluster.react = mended
    again = present(replace(world, timeout_seconds=60.0), PLATFORM, REQUEST, CONFIG)
    assert (again.status, again.changed) == ("ready", False)


def test_a_database_that_leaves_with_this_run_is_not_blamed(world, cluster):
    present(world, PLATFORM, REQUEST, CONFIG)
    broken = {"waiting": {"reason": "ImagePullBackOff", "message": "postgresql:99: not found"}}
    database = pod(containers=[{"name": "postgresql", "state": broken}], phase="Pending")
    labels = {"app.kubernetes.io/name": "postgresql", "app.kubernetes.io/component": "database"}
    owner = [{"kind": "StatefulSet", "name": "postgresql"}]
    metadata = {"name": "postgresql-0", "namespace": PLACE, "labels": labels, "ownerReferences": owner}
    cluster.put({**database, "metadata": metadata})
    cluster.put(replica_set())
    cluster.put(crashing_pod())
    cluster.update(Ref("Deployment", "app", PLACE), status={})
    cluster.healthy.discard("Deployment")
    request = replace(REQUEST, image="demo:2")
    failed = present(replace(world, timeout_seconds=60.0), PLATFORM, request, {"projectId": "demo"})
    assert (failed.diagnosis["object"], failed.diagnosis["exit_code"]) == ("Pod/app-1-x", 3)


def test_a_turn_that_does_not_come_is_refused_and_the_wait_is_timed(world, cluster):
    spec = {"holderIdentity": "another", "renewTime": "x"}
    metadata = {"name": LEASE.name, "namespace": LEASE.namespace}
    cluster.put({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})
    refused = present(world, PLATFORM, REQUEST, CONFIG)
    assert (refused.status, refused.diagnosis["phase"]) == ("refused", "record")
    assert [(step.name, step.seconds >= 1.0) for step in refused.phases] == [("plan", False), ("record", True)]


class SleepyClock(SystemClock):
    """The clock of a machine that may be suspended."""

    slept = 0.0

    def monotonic(self):
        return super().monotonic() + self.slept


def test_a_run_that_lost_its_turn_while_its_machine_slept_sends_nothing_more(world, cluster):
    controllers, clock = cluster.react, SleepyClock()

    def sleep(verb, obj):
        controllers(verb, obj)
        if verb == "status" and obj["status"].get("step") == "guardrails":
            lease = cluster.objects[LEASE]
            cluster.update(LEASE, spec={**lease["spec"], "holderIdentity": "thief"})
            clock.slept = 60.0

    cluster.react = sleep
    failed = present(replace(world, clock=clock), PLATFORM, REQUEST, CONFIG)
    assert (failed.status, failed.diagnosis["message"]) == (
        "failed",
        "demo-pr-1: another run took over; run again to see its result",
    )
    assert Ref("Namespace", PLACE) not in cluster.objects
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == "thief"
