# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a run is timed to its end, whatever the end is."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import (
    CancelledError,
    ClusterError,
    ConfigError,
    Fault,
    PreviewError,
    RefusedError,
    SupersededError,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.progress import (
    Preview,
    Progress,
    combine,
    ended_early,
    undiagnosed,
)
from tests.unit.fakes import FakeClock


def test_phases_are_timed_in_order_and_announced_as_they_begin():
    clock, entered = FakeClock(), []
    progress = Progress(clock, entered.append)
    with progress.phase("plan"):
        clock.sleep(0.25)
    with progress.phase("app"):
        clock.sleep(2)
    assert entered == ["plan", "app"]
    assert [step.as_dict() for step in progress.steps] == [
        {"name": "plan", "seconds": 0.25},
        {"name": "app", "seconds": 2.0},
    ]


def test_a_phase_that_fails_is_timed_too_and_stays_current():
    clock = FakeClock()
    progress = Progress(clock)

    def refuse():
        with progress.phase("plan"):
            clock.sleep(1)
            raise RefusedError("no")

    with pytest.raises(RefusedError):
        refuse()
    assert [step.seconds for step in progress.steps] == [1.0]
    assert progress.current == "plan"


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (RefusedError("not ours"), "refused", "Refused"),
        (ConfigError((Fault(field="app.prot", message="unknown"),)), "refused", "Refused"),
        (ClusterError("away", status=503, reason="ServiceUnavailable"), "failed", "ServiceUnavailable"),
        (ClusterError("away"), "failed", "ClusterError"),
        (CancelledError("stopped"), "failed", "Cancelled"),
        (PreviewError("odd"), "failed", "PreviewError"),
    ],
)
def test_an_early_end_has_the_shape_of_every_other(error, status, reason):
    progress = Progress(FakeClock())
    progress.current = "record"
    preview = ended_early("shop-pr-1", progress, error).as_dict()
    assert preview["status"] == status
    assert preview["diagnosis"]["phase"] == "record"
    assert preview["diagnosis"]["reason"] == reason
    assert preview["diagnosis"]["message"] == str(error)
    assert preview["diagnosis"]["hint"]


def test_a_request_that_was_refused_names_its_object():
    refused = ClusterError(
        "Service/app: POST /api: 500 broken", status=500, reason="InternalError", about="Service/app"
    )
    assert undiagnosed("app", refused)["object"] == "Service/app"
    assert undiagnosed("app", ClusterError("API server https://10.0.0.1 cannot be reached"))["object"] == ""


def test_an_object_that_a_quota_refuses_is_told_as_a_pod_that_it_refuses():
    sums = "exceeded quota: strangers, requested: services=1, used: services=3, limited: services=3"
    message = f'Service/app: services "app" is forbidden: {sums}'
    told = undiagnosed("app", ClusterError(message, status=403, about="Service/app"))
    assert (told["object"], told["reason"]) == ("Service/app", "QuotaExceeded")
    assert sums in told["message"]
    assert "maintainer" in told["hint"]


def test_what_the_cluster_says_is_told_without_secrets():
    assert "hunter2" not in undiagnosed("app", ClusterError("PUT https://app:hunter2@host: 500"))["message"]
    fault = ConfigError((Fault(field="env.PASSWORD", message="1 is a number"),))
    assert undiagnosed("plan", fault)["message"] == "env.PASSWORD: 1 is a number"


def test_giving_way_to_a_newer_run_is_no_failure():
    preview = ended_early("shop-pr-1", Progress(FakeClock()), SupersededError("newer"))
    assert preview.status == "superseded"
    assert preview.diagnosis is None
    assert preview.notes == ("newer",)
    assert not preview.failed


@pytest.mark.parametrize("error", [SupersededError("newer"), ClusterError("away")])
@pytest.mark.parametrize("changed", [True, False])
def test_a_run_that_ends_early_tells_whether_it_had_changed_anything(error, changed):
    progress = Progress(FakeClock())
    progress.changed = lambda: changed
    assert ended_early("shop-pr-1", progress, error).changed is changed


def test_several_environments_of_one_pull_request_end_as_the_worst_of_them():
    gone = Preview(status="destroyed", namespace="old-pr-1", changed=True)
    stuck = Preview(status="failed", namespace="new-pr-1", diagnosis={"message": "stuck"})
    both = combine([gone, stuck])
    assert (both.status, both.changed, both.namespace) == ("failed", True, "old-pr-1,new-pr-1")
    assert both.diagnosis == {"message": "stuck"}
    assert combine([gone]) is gone
    assert combine([]).status == "absent"
