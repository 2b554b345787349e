# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report finds its way whatever forge and cluster do: to the pull request, or onto the record until it can."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.delivery import Delivery, with_place
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.undelivered import Undelivered, keep
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import Links, State
from tests.unit.fakes import FakeClock, FakeCluster
from tests.unit.forges import BOT, FakeForge, away, forbidden
from tests.unit.views import DIAGNOSIS, SHA, STEPS, URL, view

RECORD = Ref("Environment", "shop-pr-7", "platform")
READY: dict[str, Any] = {
    "status": "ready",
    "url": URL,
    "namespace": "shop-pr-7",
    "phases": [step.as_dict() for step in STEPS],
    "diagnosis": None,
}
FAILED = {**READY, "status": "failed", "diagnosis": dict(DIAGNOSIS)}


def put(cluster: FakeCluster, pr: int, *, project: str = "shop", seconds: float = 3.0) -> None:
    cluster.put(
        {
            "apiVersion": "preview.k8s-ee/v1alpha1",
            "kind": "Environment",
            "metadata": {
                "name": f"{project}-pr-{pr}",
                "namespace": "platform",
                "labels": {"k8s-ee/project": project, "k8s-ee/pr": str(pr), "k8s-ee/repository-id": "42"},
            },
            "spec": {"project": project, "pr": pr, "commit": SHA, "branch": "feat/basket"},
            "status": {
                "phase": "Ready",
                "expiresAt": "2026-11-26T20:00:00Z",
                "readyAt": "2026-11-23T20:00:00Z",
                "url": URL,
                "phases": [{"name": "app", "seconds": seconds}],
            },
        }
    )


@pytest.fixture
def cluster() -> FakeCluster:
    fake = FakeCluster()
    put(fake, 7)
    put(fake, 8, seconds=9.0)
    put(fake, 9, project="blog", seconds=99.0)
    return fake


@pytest.fixture
def forge() -> FakeForge:
    return FakeForge()


@pytest.fixture
def delivery(forge: FakeForge, cluster: FakeCluster, clock: FakeClock) -> Delivery:
    return Delivery(forge=forge, clock=clock, authors=[BOT], cluster=cluster, namespace="platform")


def body(forge: FakeForge) -> str:
    (comment,) = forge.remarks.values()
    return comment.body


def is_away(name: str) -> None:
    raise away()


def owed(cluster: FakeCluster) -> Undelivered | None:
    return Undelivered.of(cluster.objects[RECORD])


def test_the_record_adds_expiry_and_the_projects_usual_times(delivery: Delivery, forge: FakeForge) -> None:
    delivered = delivery.tell(view(State.READY, environment=""), preview=READY)
    assert (delivered.reason, delivered.kept, delivered.notes) == ("", False, ())
    assert "2026-11-26 20:00 UTC" in body(forge)
    assert "the project's median is 9.0 s" in body(forge)


def test_commit_and_branch_of_the_record_stand_in_for_an_event_that_names_none(
    delivery: Delivery, forge: FakeForge
) -> None:
    delivery.tell(view(State.ASLEEP, commit="", branch=""))
    assert f"{SHA} of `feat/basket`" in body(forge)


def test_an_unknown_commit_of_the_record_is_no_commit(
    delivery: Delivery, forge: FakeForge, cluster: FakeCluster
) -> None:
    cluster.update(RECORD, spec={"project": "shop", "pr": 7, "commit": "unknown", "branch": "unknown"})
    delivery.tell(view(State.ASLEEP, commit="", branch=""))
    assert "Commit" not in body(forge)


def test_records_are_read_with_one_request(delivery: Delivery, cluster: FakeCluster) -> None:
    delivery.tell(view(State.READY), preview=READY)
    assert cluster.requests == [("list", Ref("Environment", "", "platform"))]


def test_before_the_configuration_was_read_the_repositorys_number_finds_the_environment(
    forge: FakeForge, cluster: FakeCluster, clock: FakeClock
) -> None:
    delivery = Delivery(
        forge=forge, clock=clock, authors=[BOT], cluster=cluster, namespace="platform", repository_id=42
    )
    delivery.tell(view(State.BUILDING, environment=""))
    assert f"<{URL}> has the version before until then." in body(forge)
    put(cluster, 7, project="blog")
    forge.remarks.clear()
    delivery.tell(view(State.BUILDING, environment="", links=Links()))
    assert "shop-pr-7" not in body(forge)


@pytest.mark.parametrize("more", [{"cluster": None}, {}])
def test_without_records_it_is_told_all_the_same(forge: FakeForge, clock: FakeClock, more: dict[str, Any]) -> None:
    delivery = Delivery(
        forge=forge, clock=clock, authors=[BOT], **({"cluster": FakeCluster(), "namespace": "x"} | more)
    )
    assert delivery.tell(view(State.READY), preview=READY).reason == ""
    assert "Preview is ready" in body(forge)


def test_a_cluster_that_is_away_is_noted_and_keeps_nothing_back(
    delivery: Delivery, forge: FakeForge, cluster: FakeCluster
) -> None:
    def refuse(verb: str, named: Ref) -> None:
        raise ClusterError("API server is away")

    cluster.refuse = refuse
    delivered = delivery.tell(view(State.READY), preview=READY)
    assert delivered.notes == ("told without expiry, pin and usual times: API server is away",)
    assert "Preview is ready" in body(forge)


def test_what_a_forge_that_is_away_does_not_take_is_kept_and_told_later(
    delivery: Delivery, forge: FakeForge, cluster: FakeCluster, clock: FakeClock
) -> None:
    forge.refuse = is_away
    delivered = delivery.tell(view(State.FAILED), preview=FAILED)
    assert (delivered.report, delivered.reason, delivered.kept) == (None, "GitHub is away", True)
    assert delivered.notes == ("GitHub is away",)
    kept = owed(cluster)
    assert kept is not None
    assert (kept.since, kept.view.state, kept.view.diagnosis["reason"]) == (
        "2026-01-02T03:04:05Z",
        State.FAILED,
        "MissingVariable",
    )

    clock.seconds += 60
    delivery.tell(kept.view)
    assert getattr(owed(cluster), "since", None) == "2026-01-02T03:04:05Z"

    forge.refuse = lambda name: None
    applied: list[Any] = []
    cluster.react = lambda verb, obj: applied.append(obj)
    assert delivery.tell(kept.view).report is not None
    assert "MissingVariable" in body(forge)


def test_a_report_that_is_taken_takes_the_kept_one_off_the_record(
    delivery: Delivery, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(cluster, RECORD, Undelivered(view=view(State.FAILED), since="2026-01-02T03:04:05Z", reason="away"))
    applied: list[dict[str, Any]] = []
    monkeypatch.setattr(cluster, "apply", applied.append)
    delivery.tell(view(State.READY), preview=READY)
    assert [each["metadata"]["annotations"] for each in applied] == [{}]


def test_check_mode_changes_no_record(delivery: Delivery, forge: FakeForge, cluster: FakeCluster) -> None:
    keep(cluster, RECORD, Undelivered(view=view(State.FAILED), since="2026-01-02T03:04:05Z", reason="away"))
    before = cluster.objects[RECORD]
    delivery.tell(view(State.READY), preview=READY, check=True)
    forge.refuse = is_away
    assert not delivery.tell(view(State.READY), preview=READY, check=True).kept
    assert cluster.objects[RECORD] == before


@pytest.mark.parametrize("told", [{"environment": ""}, {"environment": "shop-pr-5"}])
def test_without_a_record_nothing_is_kept(delivery: Delivery, forge: FakeForge, told: dict[str, str]) -> None:
    forge.refuse = is_away
    delivered = delivery.tell(view(State.REFUSED, **told))
    assert (delivered.kept, delivered.reason) == (False, "GitHub is away")


def test_a_record_that_cannot_be_written_is_noted(delivery: Delivery, forge: FakeForge, cluster: FakeCluster) -> None:
    def refuse(verb: str, named: Ref) -> None:
        if verb == "apply":
            raise ClusterError("forbidden: environments")

    forge.refuse, cluster.refuse = is_away, refuse
    delivered = delivery.tell(view(State.READY), preview=READY)
    assert (delivered.kept, delivered.notes) == (False, ("GitHub is away", "forbidden: environments"))


def test_what_the_token_may_not_do_is_noted(delivery: Delivery, forge: FakeForge) -> None:
    def refuse(name: str) -> None:
        if name == "create_deployment":
            raise forbidden()

    forge.refuse = refuse
    delivered = delivery.tell(view(State.READY), preview=READY)
    assert (delivered.reason, delivered.notes) == ("", (str(forbidden()),))


def test_links_name_the_namespace_and_are_left_out_where_there_is_none() -> None:
    links = Links(grafana="https://g/?ns={namespace}", logs="https://l/", run="https://r/{namespace}")
    assert with_place(links, "shop-pr-7") == Links(grafana="https://g/?ns=shop-pr-7", logs="https://l/", run=links.run)
    assert with_place(links, "") == Links(logs="https://l/", run=links.run)
