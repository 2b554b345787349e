# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of one environment take turns."""

from __future__ import annotations

import time

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import lease as lease_module
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError, RefusedError, SupersededError
from ansible_collections.ephemeral.k8s.plugins.module_utils.lease import Turn
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from tests.unit.fakes import FakeClock, FakeCluster

LEASE = Ref("Lease", "demo-pr-1", "platform")


class FakeProcesses:
    """Processes of which some have ended."""

    def __init__(self, mark, *gone):
        self._mark = mark
        self._gone = gone

    def here(self):
        return self._mark

    def is_gone(self, mark):
        return mark in self._gone


def turn(cluster, clock, *, sequence=1, holder="me", wait=60, owner="42", processes=None):
    return Turn(
        cluster,
        ref=LEASE,
        owner=owner,
        sequence=sequence,
        holder=holder,
        wait_seconds=wait,
        clock=clock,
        processes=processes or FakeProcesses(""),
    )


@pytest.fixture
def cluster():
    return FakeCluster()


@pytest.fixture
def clock():
    return FakeClock()


def holder(cluster):
    return cluster.objects[LEASE]["spec"]["holderIdentity"]


def test_the_first_run_gets_its_turn_at_once_and_gives_it_back(cluster, clock):
    with turn(cluster, clock):
        assert holder(cluster) == "me"
    assert holder(cluster) == ""
    assert clock.seconds == 1000.0


def test_a_turn_given_back_is_taken_without_waiting(cluster, clock):
    with turn(cluster, clock, holder="first"):
        pass
    with turn(cluster, clock, holder="second"):
        assert holder(cluster) == "second"
    assert clock.seconds == 1000.0
    assert cluster.objects[LEASE]["spec"]["leaseTransitions"] == 1


def test_a_killed_run_is_taken_over_after_fifteen_seconds_and_not_before(cluster, clock):
    turn(cluster, clock, holder="killed")._acquire()
    with turn(cluster, clock, holder="next"):
        assert 15.0 <= clock.seconds - 1000.0 < 16.0


def test_a_killed_run_of_this_machine_is_not_waited_for(cluster, clock):
    turn(cluster, clock, holder="killed", processes=FakeProcesses("killed-process"))._acquire()
    with turn(cluster, clock, holder="next", processes=FakeProcesses("next-process", "killed-process")):
        assert holder(cluster) == "next"
        assert clock.seconds == 1000.0


def test_the_process_of_an_earlier_holder_says_nothing_of_the_present_one(cluster, clock):
    turn(cluster, clock, holder="killed", processes=FakeProcesses("killed-process"))._acquire()
    spec = {**cluster.objects[LEASE]["spec"], "holderIdentity": "elsewhere"}
    cluster.update(LEASE, spec=spec)
    with turn(cluster, clock, holder="next", processes=FakeProcesses("next-process", "killed-process")):
        assert 15.0 <= clock.seconds - 1000.0 < 16.0


def test_who_has_given_back_writes_nothing_any_more(cluster, clock):
    with turn(cluster, clock) as mine:
        mine.check()
    with pytest.raises(ClusterError, match="given its turn back"):
        mine.check()


def test_a_holder_that_renews_is_never_taken_over(cluster, clock):
    turn(cluster, clock, holder="alive")._acquire()

    def renew():
        if int(clock.seconds * 2) % 10 == 0:
            spec = {**cluster.objects[LEASE]["spec"], "renewTime": str(clock.seconds)}
            cluster.update(LEASE, spec=spec)

    clock.on_sleep = renew
    with pytest.raises(RefusedError, match=r"another run \(alive\) has worked on it for 60 s"):
        turn(cluster, clock, holder="next", wait=60)._acquire()
    assert holder(cluster) == "alive"


@pytest.mark.parametrize("skew", ["2001-01-01T00:00:00.000000Z", "2099-01-01T00:00:00.000000Z"])
def test_clocks_of_other_machines_do_not_matter(cluster, clock, skew):
    turn(cluster, clock, holder="killed")._acquire()
    cluster.update(LEASE, spec={**cluster.objects[LEASE]["spec"], "renewTime": skew})
    turn(cluster, clock, holder="next")._acquire()
    assert 15.0 <= clock.seconds - 1000.0 < 16.0


def test_a_waiting_older_run_gives_way_to_a_newer_one(cluster, clock):
    turn(cluster, clock, sequence=7, holder="newer")._acquire()
    with pytest.raises(SupersededError, match="sequence 6 gives way to 7"):
        turn(cluster, clock, sequence=6, holder="older")._acquire()


def test_a_holder_learns_that_a_newer_run_waits(cluster, clock, monkeypatch):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    with turn(cluster, clock, sequence=1, holder="older") as older:
        older.check()
        with pytest.raises(RefusedError):
            turn(cluster, clock, sequence=2, holder="newer", wait=0)._acquire()
        with pytest.raises(SupersededError, match="sequence 1 gives way to 2"):
            eventually(older.check)
    assert holder(cluster) == ""


def test_a_holder_that_lost_its_lease_stops(cluster, clock, monkeypatch):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    with turn(cluster, clock, holder="robbed") as robbed:
        cluster.update(LEASE, spec={**cluster.objects[LEASE]["spec"], "holderIdentity": "thief"})
        with pytest.raises(ClusterError, match="another run took over"):
            eventually(robbed.check)
    assert holder(cluster) == "thief"


def test_a_holder_renews_while_it_works(cluster, clock, monkeypatch):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    with turn(cluster, clock):
        before = cluster.objects[LEASE]["metadata"]["resourceVersion"]
        clock.seconds += 1
        deadline = time.monotonic() + 5
        while cluster.objects[LEASE]["metadata"]["resourceVersion"] == before:
            assert time.monotonic() < deadline, "the Lease was not renewed"
            time.sleep(0.01)


def test_of_two_that_decide_at_once_only_one_gets_the_turn(cluster, clock):
    with turn(cluster, clock, holder="before"):
        pass
    real_replace, raced = cluster.replace, []

    def replace(manifest):
        if not raced:
            raced.append(True)
            turn(cluster, clock, holder="other")._acquire()
        return real_replace(manifest)

    cluster.replace = replace
    with pytest.raises(RefusedError, match=r"another run \(other\)"):
        turn(cluster, clock, holder="me", wait=0)._acquire()
    assert holder(cluster) == "other"


def test_a_forgotten_lease_is_deleted_unless_a_newer_run_asked(cluster, clock):
    with turn(cluster, clock) as mine:
        mine.forget()
    assert LEASE not in cluster.objects
    with turn(cluster, clock, sequence=1) as mine:
        with pytest.raises(RefusedError):
            turn(cluster, clock, sequence=2, holder="newer", wait=0)._acquire()
        mine.forget()
    assert holder(cluster) == ""


def test_another_repositorys_order_of_events_means_nothing_to_us(cluster, clock):
    with turn(cluster, clock, sequence=1, holder="ours") as ours:
        with pytest.raises(RefusedError):
            turn(cluster, clock, sequence=999, holder="theirs", owner="666", wait=0)._acquire()
        ours._refresh()
        ours.check()


def test_a_missing_platform_namespace_is_told_and_not_tried_for_ever(cluster, clock):
    def refuse(verb, named):
        if verb == "create":
            raise ClusterError('namespaces "platform" not found', status=404, reason="NotFound")

    cluster.refuse = refuse
    with pytest.raises(RefusedError, match=r"namespace platform is missing; apply role ephemeral.k8s.guardrails first"):
        turn(cluster, clock)._acquire()


def test_what_a_waiter_could_not_see_is_no_silence_of_the_holder(cluster, clock):
    turn(cluster, clock, holder="alive")._acquire()
    away = [True]

    def outage(verb, named):
        if verb == "get" and away and clock.seconds > 1005:
            away.clear()
            clock.seconds += 60

    cluster.refuse = outage
    turn(cluster, clock, holder="next", wait=200)._acquire()
    assert clock.seconds - 1000 >= 60 + 15


def test_a_holder_that_heard_nothing_for_long_asks_before_it_goes_on(cluster, clock):
    mine = turn(cluster, clock)
    mine._acquire()
    clock.seconds += 20
    mine.check()
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == "me"
    cluster.update(LEASE, spec={**cluster.objects[LEASE]["spec"], "holderIdentity": "thief"})
    clock.seconds += 20
    with pytest.raises(ClusterError, match="another run took over"):
        mine.check()


def test_a_superseded_holder_renews_until_it_has_stopped(cluster, clock):
    older = turn(cluster, clock, sequence=1)
    older._acquire()
    with pytest.raises(RefusedError):
        turn(cluster, clock, sequence=2, holder="newer", wait=0)._acquire()
    clock.seconds += 5
    before = cluster.objects[LEASE]["spec"]["renewTime"]
    older._refresh()
    assert cluster.objects[LEASE]["spec"]["renewTime"] > before
    with pytest.raises(SupersededError):
        older.check()
    assert cluster.objects[LEASE]["metadata"]["annotations"]["k8s-ee/sequence"] == "2 42"


def test_a_lease_that_was_taken_over_meanwhile_is_not_forgotten(cluster, clock):
    def rob(verb, named):
        if verb == "delete":
            cluster.update(LEASE, spec={**cluster.objects[LEASE]["spec"], "holderIdentity": "thief"})

    with turn(cluster, clock) as mine:
        cluster.refuse = rob
        mine.forget()
    assert holder(cluster) == "thief"


@pytest.mark.parametrize("verb", ["get", "replace"])
def test_a_holder_that_heard_nothing_and_cannot_ask_does_not_go_on(cluster, clock, verb):
    mine = turn(cluster, clock)
    mine._acquire()
    clock.seconds += 20

    def refuse(asked, named):
        if asked == verb:
            raise ClusterError("away")

    cluster.refuse = refuse
    with pytest.raises(ClusterError, match="did not say within 15 s whether it is still this run's turn"):
        mine.check()
    cluster.refuse = lambda verb, named: None
    mine.check()


def test_a_waiter_that_asks_while_the_holder_renews_is_no_reason_to_stop(cluster, clock):
    mine = turn(cluster, clock)
    mine._acquire()
    clock.seconds += 20
    asked = []

    def ask(verb, named):
        if verb == "replace" and not asked:
            asked.append(True)
            metadata = cluster.objects[LEASE]["metadata"]
            annotations = {**metadata["annotations"], "example.org/note": "x"}
            cluster.update(LEASE, metadata={**metadata, "annotations": annotations})

    cluster.refuse = ask
    mine.check()
    assert asked


def test_a_lease_counts_from_when_it_was_asked_for_however_late_the_answer(cluster, clock):
    def slow(verb, named):
        if verb == "create":
            clock.seconds += 12

    cluster.refuse = slow
    mine = turn(cluster, clock)
    mine._acquire()
    clock.seconds += 4
    cluster.update(LEASE, spec={**cluster.objects[LEASE]["spec"], "holderIdentity": "thief"})
    with pytest.raises(ClusterError, match="another run took over"):
        mine.check()


def test_an_answer_that_comes_after_the_end_renews_nothing(cluster, clock):
    mine = turn(cluster, clock)
    mine._acquire()
    clock.seconds += 5
    mine._end_renewal()
    before = cluster.objects[LEASE]["spec"]["renewTime"]
    mine._refresh()
    assert cluster.objects[LEASE]["spec"]["renewTime"] == before


def eventually(check, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        check()
        time.sleep(0.01)
    pytest.fail("nothing happened")
