# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run killed anywhere, in any way, then one more run: as if nothing had happened."""

from __future__ import annotations

import itertools
import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from .kills import ABSENT, PRESENT, killed
from .lives import ENTRY, Kill, Life
from .pictures import difference, picture
from .runs import Way

pytestmark = pytest.mark.faults

FIRST = 310  # the number of the pull request that is never killed; its fellow sufferers follow
AT_ONCE = 4
LEASE_SECONDS = 15
# A machine with two cores and several runs at once is late by some seconds.
LATE_SECONDS = 5
NOW = int(time.time())

QUICK = (
    Kill("create", "guardrails", Way.GROUP),
    Kill("create", "data", Way.TREE),
    Kill("push", "app", Way.ORPHAN),
    Kill("close", "delete", Way.GROUP),
)


def every(act, points):
    """Each way at each point, the quick ones first."""
    kills = [Kill(act, point, way) for point, way in itertools.product(points, Way)]
    return sorted(kills, key=lambda kill: kill not in QUICK)


KILLS = {"create": every("create", PRESENT), "push": every("push", PRESENT), "close": every("close", ABSENT)}


def sufferer(kill):
    """The pull request that a kill befalls: the nth kills of all acts share the nth one."""
    return FIRST + 1 + KILLS[kill.act].index(kill)


def cases(act):
    return [pytest.param(k, id=str(k), marks=[] if k in QUICK else [pytest.mark.slow]) for k in KILLS[act]]


@pytest.fixture(scope="module")
def lives(request, pr, api):
    """The lives that the selected tests ask about, several at a time; number FIRST is never killed."""
    asked = [
        item.callspec.params["kill"] for item in request.session.items if "kill" in getattr(item, "fixturenames", ())
    ]
    numbers = sorted({FIRST, *map(sufferer, asked)})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        kills = {number: {k.act: k for k in asked if sufferer(k) == number} for number in numbers}
        yield {number: pool.submit(Life(number, kills[number], pr=pr, api=api).live) for number in numbers}
        pool.shutdown(cancel_futures=True)


def chapters(lives: dict[int, Future], kill):
    return lives[sufferer(kill)].result()[kill.act], lives[FIRST].result()[kill.act]


class TestOneMoreRun:
    """Each test waits for a life that goes on in the background."""

    @pytest.mark.parametrize("kill", cases("create"))
    def test_after_a_killed_create_all_is_as_without_the_kill(self, lives, kill, record_property):
        self.is_as_without(lives, kill, record_property)

    @pytest.mark.parametrize("kill", cases("push"))
    def test_after_a_killed_push_all_is_as_without_the_kill_and_data_survive(self, lives, kill, record_property):
        repaired = self.is_as_without(lives, kill, record_property)
        assert repaired.texts == (ENTRY,)

    def is_as_without(self, lives, kill, record_property):
        repaired, never_killed = chapters(lives, kill)
        record_property("step on record at the kill", repaired.shown)
        record_property("seconds until it had its turn", repaired.run.phase("record"))
        assert repaired.run.preview["status"] == "ready"
        assert difference(never_killed.picture, repaired.picture) == []
        assert repaired.run.phase("record") < LEASE_SECONDS + LATE_SECONDS
        return repaired

    @pytest.mark.parametrize("kill", cases("close"))
    def test_after_a_killed_close_nothing_is_left(self, lives, kill, record_property):
        repaired, never_killed = chapters(lives, kill)
        record_property("step on record at the kill", repaired.shown)
        record_property("seconds until it had its turn", repaired.run.phase("lease"))
        # An orphan may have ended the work before; then there is nothing left to do.
        assert repaired.run.preview["status"] in ("destroyed", "absent"), repaired.run.output
        assert repaired.left == never_killed.left == ()
        assert repaired.record["status"]["phase"] == never_killed.record["status"]["phase"] == "Destroyed"
        assert repaired.lease == never_killed.lease == {}
        assert repaired.run.phase("lease") < LEASE_SECONDS + LATE_SECONDS


@pytest.mark.slow
class TestOrphan:
    """A module whose ansible-playbook is gone, and another run."""

    def test_it_gives_way_to_a_newer_push(self, pr, api):
        asked = pr.variables(340, pr_sha="old", pr_sequence=NOW + 1)
        with killed(api, "demo-pr-340", asked, point="data", way=Way.ORPHAN) as orphan:
            newer = pr(340, pr_sha="new", pr_sequence=NOW + 2)
            orphan.run.see_gone(seconds=LATE_SECONDS)
        assert newer.preview["status"] == "ready", newer.output
        assert api.record("demo-pr-340")["spec"]["commit"] == "new"
        # It asks once in five seconds whether somebody newer has come.
        assert newer.phase("record") < 5 + LATE_SECONDS

    def test_hung_it_loses_its_turn_and_writes_nothing_when_it_wakes(self, pr, api):
        asked = pr.variables(341, pr_sha="hung", pr_sequence=NOW + 1)
        with killed(api, "demo-pr-341", asked, point="data", way=Way.ORPHAN) as orphan:
            orphan.run.freeze()
            newer = pr(341, pr_sha="new", pr_sequence=NOW + 2)
            before = picture(api, "demo-pr-341")
            orphan.run.thaw()
            orphan.run.see_gone(seconds=30)
        assert newer.preview["status"] == "ready", newer.output
        assert LEASE_SECONDS / 2 < newer.phase("record") < LEASE_SECONDS + LATE_SECONDS
        assert difference(before, picture(api, "demo-pr-341")) == []
        assert any('"commit": "new"' in line for line in before)


@pytest.mark.slow
@pytest.mark.parametrize("way", Way, ids=lambda way: way.value)
def test_a_repaired_run_costs_at_most_half_as_much_again(pr, api, way, record_property):
    def close():
        assert pr(342, pr_state="absent", pr_project="demo").preview["status"] in ("destroyed", "absent")

    def create():
        run = pr(342)
        assert run.preview["status"] == "ready", run.output
        close()
        return run.seconds

    normal = statistics.median(create() for _ in range(3))
    with killed(api, "demo-pr-342", pr.variables(342), point="data", way=way):
        repaired = create()
    record_property("seconds, normal and repaired", f"{normal:.1f} {repaired:.1f}")
    assert repaired <= 1.5 * normal
