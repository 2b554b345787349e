# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lease and record keep the runs of one environment apart, whatever becomes of them and however they interleave.

Hypothesis lets runs of the real code begin, go on step by step, stop, freeze, wake, fail and be killed; `Referee` says
of each request whether it may land. What is true in the end is asked when all is over.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ..engine import LEASE, PLACE, RECORD
from ..rivals import EXPIRY_SECONDS, NAMESPACE, Arena, Run, holder_of

MOST_RUNS = 6
ANY = st.integers(0, MOST_RUNS - 1)
SEEDS = st.integers(0, 99)
# Where it matters who comes first.
REQUESTS = st.sampled_from(
    [
        *(("get", "Lease"), ("create", "Lease"), ("replace", "Lease"), ("delete", "Lease")),
        *(("get", "Environment"), ("apply", "Environment"), ("apply_status", "Environment"), ("delete", "Environment")),
        *(("get", "Namespace"), ("apply", "Namespace"), ("delete", "Namespace"), ("list", "Namespace")),
        *(("apply", "ResourceQuota"), ("apply", "Deployment")),
    ]
)
TROUBLES = st.lists(st.sampled_from([0, 403, 404, 409, 500, 1.5, 12.5]), max_size=3)
ACTIVE = precondition(lambda self: self.arena.active())
# A holder looks every second whether a newer run asks, a wait every half second whether to stop.
NOTICE_SECONDS = 2.0
LOOK_SECONDS = 0.5


class Protocol(RuleBasedStateMachine):
    """Events of a pull request and what becomes of their runs."""

    def __init__(self) -> None:
        super().__init__()
        self.arena = Arena()
        self.kinds: dict[tuple[int, int], bool] = {}

    @precondition(lambda self: len(self.arena.runs) < MOST_RUNS)
    @rule(
        repository=st.sampled_from([1, 1, 1, 2]),
        sequence=st.integers(1, 5),
        opens=st.booleans(),
        skew=st.sampled_from([0.0, 300.0, -300.0]),
        machine=st.integers(0, 1),
    )
    def start(self, repository: int, sequence: int, opens: bool, skew: float, machine: int) -> None:
        """Always of the same kind for the same event."""
        opens = self.kinds.setdefault((repository, sequence), opens)
        self.arena.start(repository=repository, sequence=sequence, opens=opens, skew=skew, machine=machine)

    @ACTIVE
    @rule(which=ANY, steps=st.integers(1, 60), seed=SEEDS)
    def go(self, which: int, steps: int, seed: int) -> None:
        """One alone."""
        self.arena.schedule.go(self.run(which).name, steps, random.Random(seed))

    @ACTIVE
    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 6.0, 16.0, 40.0]), seed=SEEDS)
    def pass_time(self, seconds: float, seed: int) -> None:
        """All who are awake."""
        self.arena.schedule.pass_time(seconds, random.Random(seed))

    @ACTIVE
    @rule(which=ANY, request=REQUESTS, seed=SEEDS)
    def approach(self, which: int, request: tuple[str, str], seed: int) -> None:
        """All who are awake, until one stands right before a request."""
        schedule, name = self.arena.schedule, self.run(which).name
        schedule.pass_time(60.0, random.Random(seed), stop=lambda: schedule.is_about(name, request))

    @ACTIVE
    @rule(
        which=ANY,
        request=REQUESTS,
        seconds=st.sampled_from([10.0, 20.0, 40.0]),
        newcomer=st.none() | st.integers(1, 5),
        troubles=TROUBLES,
        seed=SEEDS,
    )
    def oversleep(
        self,
        which: int,
        request: tuple[str, str],
        seconds: float,
        newcomer: int | None,
        troubles: list[float],
        seed: int,
    ) -> None:
        """A machine is suspended in the worst moment, while another run comes, and wakes to a network in trouble."""
        run = self.run(which)
        run.disturbed = True
        self.approach(which, request, seed)
        self.arena.schedule.frozen.add(run.name)
        if newcomer is not None and len(self.arena.runs) < MOST_RUNS:
            self.start(repository=run.repository, sequence=newcomer, opens=True, skew=0.0, machine=2)
        self.pass_time(seconds, seed)
        self.thaw()
        run.troubles += troubles

    @ACTIVE
    @rule(which=ANY)
    def freeze(self, which: int) -> None:
        run = self.run(which)
        run.disturbed = True
        self.arena.schedule.frozen.add(run.name)

    @precondition(lambda self: self.arena.schedule.frozen)
    @rule()
    def thaw(self) -> None:
        self.arena.schedule.frozen.clear()

    @ACTIVE
    @rule(which=ANY)
    def kill(self, which: int) -> None:
        self.arena.kill(self.run(which))

    @ACTIVE
    @rule(which=ANY)
    def stop(self, which: int) -> None:
        self.arena.stop(self.run(which))

    @ACTIVE
    @rule(which=ANY, troubles=TROUBLES)
    def trouble(self, which: int, troubles: list[float]) -> None:
        run = self.run(which)
        run.disturbed = True
        run.troubles += troubles

    @ACTIVE
    @rule(seconds=st.sampled_from([2.0, 20.0, 40.0, 100.0]))
    def outage(self, seconds: float) -> None:
        for run in self.arena.active():
            run.disturbed = True
        self.arena.away_until = self.arena.schedule.now + seconds

    @rule(seconds=st.sampled_from([0.1, 1.0, 8.0, 20.0]))
    def pace(self, seconds: float) -> None:
        """How long the cluster's controllers take."""
        self.arena.pace = seconds

    def run(self, which: int) -> Run:
        """One of those that may still act."""
        active = self.arena.active()
        return active[which % len(active)]

    def teardown(self) -> None:
        try:
            if not self.arena.schedule.failures:
                self.judge()
        finally:
            self.arena.close()

    def judge(self) -> None:
        """When every run has ended or was killed, and then after one more of the newest event."""
        dice = random.Random(0)
        self.arena.schedule.frozen.clear()
        self.arena.finish(3000.0, dice)
        for run in self.arena.runs.values():
            if run.result is not None:
                self.judge_end_of(run)
        newest = {repository: max(s for r, s in self.kinds if r == repository) for repository, _ in self.kinds}
        last = [run for run in self.arena.runs.values() if run.sequence == newest[run.repository]]
        if len(newest) == 1 and not any(run.killed or run.disturbed for run in last):
            for run in last:
                self.judge_state(run)
        for repository, sequence in newest.items():
            self.judge_one_more(repository, sequence, dice)

    def judge_end_of(self, run: Run) -> None:
        assert run.result is not None
        assert run.ended_at is not None
        status = run.result.status
        if status == "superseded":
            assert any(r == run.repository and s > run.sequence for r, s in self.kinds), f"{run} gave way to nobody"
        # Two repositories that ask at once take the one place for it from each other, for some looks.
        alone = len({r for r, _ in self.kinds}) == 1
        if status in ("ready", "destroyed") and run.outranked_at is not None and alone and not run.disturbed:
            late = run.ended_at - run.outranked_at
            assert late <= NOTICE_SECONDS, f"{run} went on for {late:g} s after a newer one had asked"
        if status == "failed":
            assert run.disturbed, f"{run} failed: {run.result.diagnosis}"

    def judge_one_more(self, repository: int, sequence: int, dice: random.Random) -> None:
        self.arena.away_until = 0.0
        run = self.arena.start(repository=repository, sequence=sequence, opens=self.kinds[repository, sequence])
        self.arena.finish(3000.0, dice)
        assert run.result is not None
        if run.held_at is not None:
            waited = run.held_at - run.started_at
            assert waited <= EXPIRY_SECONDS + LOOK_SECONDS, f"{run} waited {waited:g} s for the turn of a dead one"
        if run.result.status == "refused":
            assert self.arena.cluster.objects[RECORD]["spec"]["repositoryId"] != repository, run.result.diagnosis
        else:
            assert holder_of(self.arena.cluster.objects.get(LEASE)) == ""
            self.judge_state(run)

    def judge_state(self, run: Run) -> None:
        """The cluster is as the event of this run asked."""
        assert run.result is not None
        objects = self.arena.cluster.objects
        record = objects.get(RECORD, {})
        phase = record.get("status", {}).get("phase")
        if not run.opens:
            assert run.result.status in ("absent", "destroyed"), f"{run}: {run.result}"
            assert not [named for named in objects if named.namespace == PLACE or named == NAMESPACE], f"after {run}"
            assert phase in (None, "Destroyed")
            return
        assert run.result.status == "ready", f"{run}: {run.result}"
        assert phase == "Ready", f"after {run}"
        assert (record["spec"]["sequence"], record["status"]["sequence"]) == (run.sequence, run.sequence)
        assert objects[NAMESPACE]["metadata"]["labels"]["k8s-ee/repository-id"] == str(run.repository)
        deployments = [obj for named, obj in objects.items() if named.kind == "Deployment"]
        images = [obj["spec"]["template"]["spec"]["containers"][0]["image"] for obj in deployments]
        assert images == [f"demo:{run.sequence}"]


def test_a_close_that_sleeps_before_it_forgets_the_lease_takes_it_from_nobody() -> None:
    arena, dice = Arena(), random.Random(0)
    try:
        arena.start(repository=1, sequence=1, opens=True)
        arena.finish(60.0, dice)
        closing = arena.start(repository=1, sequence=2, opens=False)
        arena.schedule.pass_time(60.0, dice, stop=lambda: arena.schedule.is_about(closing.name, ("delete", "Lease")))
        arena.schedule.frozen.add(closing.name)
        arena.pace = 20.0
        opening = arena.start(repository=1, sequence=3, opens=True)
        arena.schedule.pass_time(20.0, dice)
        assert holder_of(arena.cluster.objects.get(LEASE)) == opening.name
        arena.schedule.frozen.clear()
        arena.finish(60.0, dice)
        assert opening.result is not None
        assert opening.result.status == "ready"
    finally:
        arena.close()


class TestProtocol(Protocol.TestCase):
    """As much as a commit can wait for."""

    settings = settings(max_examples=100, stateful_step_count=25)


@pytest.mark.slow
class TestProtocolAtLength(Protocol.TestCase):
    """A search as long as a release is worth."""

    settings = settings.get_profile("thorough")
