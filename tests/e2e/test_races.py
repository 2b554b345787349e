# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs at once: of one pull request they take turns and the newest wins, of several they do not meet."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from .chronicle import Chronicle
from .demo import add, folders_of, texts
from .kills import Lookout, slow_helm
from .pictures import untouched
from .runs import until

pytestmark = pytest.mark.faults

# Higher is newer, also than what an earlier session of these tests left on record.
NOW = int(time.time())
# A newer run that asks in the last moment comes too late for the one that is ending.
LAST_MOMENT_SECONDS = 1
ACME = {"pr_repository": "acme/demo", "pr_repository_id": 7}
EVIL = {"pr_repository": "evil/demo", "pr_repository_id": 8}


def namespace(number):
    return f"demo-pr-{number}"


def close(pr, number, **variables):
    return pr(number, pr_state="absent", pr_project="demo", **variables)


def deployed_commit(kubectl, number):
    template = kubectl.json("get", "deployment", "app", "-n", namespace(number))["spec"]["template"]
    (container,) = template["spec"]["containers"]
    return next(variable["value"] for variable in container["env"] if variable["name"] == "COMMIT_SHA")


def left_of(api, number):
    """What a close should have removed and has not."""
    here = api.get(f"/api/v1/namespaces/{namespace(number)}")
    return [here, api.lease(namespace(number)), *api.volumes(namespace(number)), *folders_of([number])]


def assert_gone(api, number):
    assert [left for left in left_of(api, number) if left] == []
    assert api.record(namespace(number))["status"]["phase"] == "Destroyed"


def assert_gave_way(told, run, sequence):
    """A run that was outdone ended without an error, having deployed only if it had ended before."""
    assert run.code == 0, run.output
    if run.preview["status"] != "superseded":
        assert told.ready_at(sequence) < told.outdone_at(sequence) + LAST_MOMENT_SECONDS, (sequence, run.preview)


def assert_took_turns(told):
    """No run wrote to the record after another one had begun to."""
    assert len(told.turns) == len(set(told.turns))


class TestTwoRunsOfOnePullRequest:
    """Both want to deploy."""

    @pytest.mark.slow
    def test_of_the_same_event_one_deploys_and_the_other_finds_it_done(self, pr, api, kubectl, tmp_path):
        # Both plan before either has its turn, and in different seconds: what the later one planned is out of date.
        slowly = {"preview_helm": str(slow_helm(tmp_path, seconds=3))}
        with Chronicle(api, namespace(350)) as told, ExitStack() as both:
            first = both.enter_context(pr.start(350, pr_sha="a", pr_sequence=NOW, **slowly))
            until("the first one plans", (tmp_path / "helm.began").exists, seconds=60)
            (tmp_path / "helm.began").unlink()
            second = pr(350, pr_sha="a", pr_sequence=NOW, **slowly)
            runs = first.wait(), second
        assert [run.preview.get("status") for run in runs] == ["ready", "ready"], [run.output for run in runs]
        assert [run.preview["changed"] for run in runs] == [True, False]
        assert_took_turns(told)
        assert len(kubectl.json("get", "replicasets", "-n", namespace(350))["items"]) == 1

    @pytest.mark.slow
    def test_of_two_events_the_newer_one_is_deployed(self, pr, api, kubectl):
        with Chronicle(api, namespace(351)) as told, ExitStack() as both:
            newer = both.enter_context(pr.start(351, pr_sha="new", pr_sequence=NOW + 2))
            older = both.enter_context(pr.start(351, pr_sha="old", pr_sequence=NOW + 1))
            runs = newer.wait(), older.wait()
        assert runs[0].preview["status"] == "ready", runs[0].output
        assert_gave_way(told, runs[1], NOW + 1)
        assert_took_turns(told)
        assert api.record(namespace(351))["spec"]["commit"] == deployed_commit(kubectl, 351) == "new"

    def test_a_newer_event_in_the_middle_of_a_run_ends_it(self, pr, api, kubectl):
        lookout = Lookout(api, namespace(352))
        with Chronicle(api, namespace(352)) as told, pr.start(352, pr_sha="old", pr_sequence=NOW + 1) as older:
            lookout.wait("guardrails")
            newer = pr(352, pr_sha="new", pr_sequence=NOW + 2)
            outdone = older.wait()
        assert newer.preview["status"] == "ready", newer.output
        assert_gave_way(told, outdone, NOW + 1)
        assert_took_turns(told)
        assert api.record(namespace(352))["spec"]["commit"] == deployed_commit(kubectl, 352) == "new"


class TestCloseAndCreate:
    """One wants it there, the other one gone; or both want it gone."""

    def test_a_close_during_a_create_ends_it_and_leaves_nothing(self, pr, api):
        lookout = Lookout(api, namespace(353))
        with Chronicle(api, namespace(353)) as told, pr.start(353, pr_sequence=NOW + 1) as create:
            lookout.wait("data")
            closed = close(pr, 353, pr_sequence=NOW + 2)
            outdone = create.wait()
        assert closed.preview["status"] == "destroyed", closed.output
        assert_gave_way(told, outdone, NOW + 1)
        assert_took_turns(told)
        assert_gone(api, 353)

    @pytest.mark.slow
    def test_a_create_during_a_close_opens_a_new_environment(self, pr, api):
        opened = pr(354, pr_sequence=NOW + 1)
        assert opened.preview["status"] == "ready", opened.output
        add(354, "of the one before")
        uid = api.get(f"/api/v1/namespaces/{namespace(354)}")["metadata"]["uid"]
        lookout = Lookout(api, namespace(354))
        closing = pr.start(354, pr_state="absent", pr_project="demo", pr_sequence=NOW + 2)
        with Chronicle(api, namespace(354)) as told, closing:
            lookout.wait("delete")
            created = pr(354, pr_sequence=NOW + 3)
            closed = closing.wait()
        assert closed.code == 0, closed.output
        assert closed.preview["status"] in ("destroyed", "superseded")
        assert created.preview["status"] == "ready", created.output
        assert_took_turns(told)
        assert api.get(f"/api/v1/namespaces/{namespace(354)}")["metadata"]["uid"] != uid
        assert texts(354) == []
        assert len(folders_of([354])) == 1

    @pytest.mark.slow
    def test_a_late_close_of_a_reopened_pull_request_gives_way(self, pr, api):
        lookout = Lookout(api, namespace(355))
        with pr.start(355, pr_sequence=NOW + 2) as create:
            lookout.wait("guardrails")
            late = close(pr, 355, pr_sequence=NOW + 1)
            created = create.wait()
        assert late.code == 0, late.output
        assert late.preview["status"] == "superseded"
        assert created.preview["status"] == "ready", created.output

    @pytest.mark.slow
    def test_of_two_closes_at_once_neither_fails_and_nothing_is_left(self, pr, api):
        assert pr(356, pr_sequence=NOW + 1).preview["status"] == "ready"
        with ExitStack() as both:
            absent = {"pr_state": "absent", "pr_project": "demo"}
            started = [both.enter_context(pr.start(356, pr_sequence=NOW + 2 + late, **absent)) for late in range(2)]
            runs = [run.wait() for run in started]
        assert [run.code for run in runs] == [0, 0], [run.output for run in runs]
        assert "destroyed" in {run.preview["status"] for run in runs} <= {"destroyed", "absent", "superseded"}
        assert_gone(api, 356)


class TestTwoRepositories:
    """Both say projectId demo, and both have a pull request of this number."""

    @pytest.fixture(autouse=True)
    def closed(self, pr):
        yield
        # Whoever won: the close of the other one finds nothing of its own, and is no error.
        for whose in (ACME, EVIL):
            pr(357, pr_state="absent", **whose)

    def refused_for(self, run, own, other):
        assert run.code != 0
        assert run.preview["status"] == "refused"
        assert own["pr_repository"] in run.preview["diagnosis"]["message"]
        assert other["pr_repository"] in run.preview["diagnosis"]["message"]

    def test_the_second_is_refused_by_both_names_and_the_first_is_untouched(self, pr, api):
        first = pr(357, **ACME)
        assert first.preview["status"] == "ready", first.output
        before = untouched(api, namespace(357))
        self.refused_for(pr(357, **EVIL), EVIL, ACME)
        self.refused_for(close(pr, 357, **EVIL), EVIL, ACME)
        assert untouched(api, namespace(357)) == before

    @pytest.mark.slow
    def test_of_both_at_once_one_is_deployed_and_the_other_refused(self, pr, api):
        with ExitStack() as both:
            asked = (ACME, EVIL)
            started = [both.enter_context(pr.start(357, **whose)) for whose in asked]
            runs = [run.wait() for run in started]
        assert sorted(run.preview["status"] for run in runs) == ["ready", "refused"], [run.output for run in runs]
        won = [run.preview["status"] for run in runs].index("ready")
        self.refused_for(runs[1 - won], asked[1 - won], asked[won])
        assert api.record(namespace(357))["spec"]["repository"] == asked[won]["pr_repository"]

    @pytest.mark.slow
    def test_once_the_first_is_closed_the_second_may_come_with_an_order_of_its_own(self, pr):
        assert pr(357, **ACME).preview["status"] == "ready"
        assert pr(357, pr_state="absent", **ACME).preview["status"] == "destroyed"
        second = pr(357, **EVIL, pr_sequence=1)
        assert second.preview["status"] == "ready", second.output


@pytest.mark.slow
def test_of_twenty_pushes_within_a_minute_only_the_newest_deploys(pr, api, kubectl, record_property):
    assert pr(359, pr_sha="opened", pr_sequence=NOW).preview["status"] == "ready"
    # Two by two in the wrong order, as events arrive from a busy forge.
    order = [n + (1 if n % 2 else -1) for n in range(1, 21)]
    began = time.monotonic()
    with Chronicle(api, namespace(359)) as told, ExitStack() as all_of_them:
        started = {}
        for place, n in enumerate(order):
            time.sleep(max(0.0, began + place * 57 / 19 - time.monotonic()))
            started[n] = all_of_them.enter_context(pr.start(359, pr_sha=f"push-{n}", pr_sequence=NOW + n))
        pushed_seconds = time.monotonic() - began
        runs = {n: run.wait() for n, run in started.items()}
    assert pushed_seconds < 60
    newest = runs.pop(20)
    assert newest.preview["status"] == "ready", newest.output
    for n, run in runs.items():
        assert_gave_way(told, run, NOW + n)
    assert_took_turns(told)
    record = api.record(namespace(359))
    assert record["spec"]["sequence"] == record["status"]["sequence"] == NOW + 20
    assert record["status"]["phase"] == "Ready"
    assert record["spec"]["commit"] == deployed_commit(kubectl, 359) == "push-20"
    record_property("superseded", sum(run.preview["status"] == "superseded" for run in runs.values()))
    record_property("seconds of the newest", round(newest.seconds, 1))


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 10])
def test_several_pull_requests_at_once_take_less_than_three_times_as_long_as_one(pr, api, count, record_property):
    one = pr(360)
    assert one.preview["status"] == "ready", one.output
    numbers = range(361, 361 + count)
    began = time.monotonic()
    with ThreadPoolExecutor(count) as pool:
        opened = list(pool.map(pr, numbers))
        took = time.monotonic() - began
        assert [run.preview.get("status") for run in opened] == ["ready"] * count, [r.output for r in opened if r.code]
        for number in numbers:
            add(number, f"only in {number}")
        assert [texts(number) for number in numbers] == [[f"only in {number}"] for number in numbers]
        closed = list(pool.map(lambda number: close(pr, number), [360, *numbers]))
    assert {run.preview.get("status") for run in closed} == {"destroyed"}
    for number in numbers:
        assert_gone(api, number)
    record_property("seconds of one, and of all at once", f"{one.seconds:.1f} {took:.1f}")
    assert took < 3 * one.seconds
