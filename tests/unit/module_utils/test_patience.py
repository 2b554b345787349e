# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When waiting longer is pointless."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.patience import Patience, backing_off


def pod(*, waiting=None, message="", restarts=0, ready=False, phase="Pending", scheduled="True"):
    state = {"waiting": {"reason": waiting, "message": message}} if waiting else {"running": {}}
    return {
        "kind": "Pod",
        "metadata": {"name": "app-1"},
        "status": {
            "phase": phase,
            "conditions": [{"type": "PodScheduled", "status": scheduled}],
            "containerStatuses": [{"name": "app", "state": state, "restartCount": restarts, "ready": ready}],
        },
    }


def gives_up_after(bad, *, workloads=()):
    """Seconds after which a state is hopeless; None when it is not within ten minutes."""
    patience = Patience()
    for second in range(600):
        if patience.hopeless([bad] if bad else [], workloads, 5000.0 + second):
            return second
    return None


@pytest.mark.parametrize(
    ("bad", "seconds"),
    [
        (pod(), None),
        (pod(waiting="ContainerCreating"), None),
        (pod(waiting="PodInitializing"), None),
        (pod(waiting="InvalidImageName"), 0),
        (pod(waiting="ErrImageNeverPull"), 0),
        (pod(waiting="ErrImagePull", message="demo:x: not found"), 0),
        (pod(waiting="ImagePullBackOff", message="pull access denied"), 0),
        (pod(waiting="ImagePullBackOff", message="connection refused"), 20),
        (pod(waiting="CreateContainerConfigError", message='secret "x" not found'), 10),
        (pod(waiting="RunContainerError"), 10),
        (pod(waiting="CrashLoopBackOff", restarts=1), None),
        (pod(waiting="CrashLoopBackOff", restarts=2), 0),
        (pod(restarts=2), 0),
        (pod(restarts=5, ready=True), None),
        (pod(phase="Failed"), 0),
        (pod(scheduled="False"), 30),
    ],
)
def test_each_bad_state_gets_the_time_in_which_it_may_heal(bad, seconds):
    assert gives_up_after(bad) == seconds


def test_a_workload_that_may_not_make_pods_is_given_up_once_the_pods_before_must_have_ended():
    workload = {
        "kind": "Deployment",
        "metadata": {"name": "app"},
        "status": {"conditions": [{"type": "ReplicaFailure", "status": "True"}]},
    }
    assert gives_up_after(None, workloads=[workload]) == 45


def test_the_two_reasons_of_a_failed_pull_alternate_and_count_as_one():
    patience = Patience()
    for second in range(20):
        reason = ("ErrImagePull", "ImagePullBackOff")[second // 5 % 2]
        assert not patience.hopeless([pod(waiting=reason, message="timeout")], (), float(second))
    assert patience.hopeless([pod(waiting="ErrImagePull", message="timeout")], (), 20.0)


def test_a_state_that_healed_starts_from_nothing():
    patience, bad = Patience(), pod(waiting="RunContainerError")
    assert not patience.hopeless([bad], (), 0.0)
    assert not patience.hopeless([pod(ready=True)], (), 5.0)
    assert not patience.hopeless([bad], (), 9.0)
    assert not patience.hopeless([bad], (), 18.0)
    assert patience.hopeless([bad], (), 19.0)


@pytest.mark.parametrize(
    ("bad", "waits"),
    [
        (pod(waiting="ImagePullBackOff", message="connection refused"), True),
        (pod(waiting="CrashLoopBackOff", restarts=2), True),
        (pod(phase="Failed"), True),
        (pod(scheduled="False"), False),
        (pod(waiting="ContainerCreating"), False),
        (pod(restarts=5, ready=True), False),
    ],
)
def test_only_what_waits_for_its_own_next_try_is_worth_starting_again(bad, waits):
    assert backing_off(bad) is waits
