# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runners whose clocks differ by five minutes: no turn is taken from the living, none is kept by the dead."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from .api_faults import Asked, Refused, writes
from .conftest import Stage
from .demo import demo_config
from .endings import CLOSING, GRACE_SECONDS, OPENING, comes_to, ended, goes_on, is_gone, serves
from .faulty_proxy import FaultyProxy
from .places import KUBECONFIG
from .runs import Run, Started, Way, play

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SMALL = demo_config(databases={})
SKEW_SECONDS = 300
LEASE_SECONDS = 15
# Higher is newer, also than what an earlier session of these tests left on record.
EVENT = int(time.time())
# Who holds a turn comes no further than to the Deployment.
HELD_UP = Refused(status=503)


def begun(stage: Stage, number: int, *, skew: int = 0, sha: str = "one", **variables: Any) -> Started:
    """A run whose wall clock is wrong by so many seconds."""
    return Started(
        "pr.yml", stage.pr.variables(number, config=SMALL, pr_sha=sha, **variables), environment=clock(stage, skew)
    )


def clock(stage: Stage, skew: int) -> Mapping[str, str]:
    library, source = stage.folder / "skewed_clock.so", Path(__file__).with_name("skewed_clock.c")
    if not library.exists():
        subprocess.run(["clang-16", "-O2", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
    return {"LD_PRELOAD": str(library), "SKEW_SECONDS": str(skew)}


def run(*arguments: Any, **variables: Any) -> Run:
    with begun(*arguments, **variables) as started:
        return started.wait()


def closed(stage: Stage, number: int, sequence: int) -> None:
    serves(stage.api, number)
    variables = {"pr": number, "pr_state": "absent", "pr_project": "demo", "pr_sequence": sequence}
    ended(play("pr.yml", variables), "destroyed", number, way=CLOSING)
    is_gone(stage.api, number)


def deploying(asked: Asked) -> bool:
    return writes(asked) and "/deployments/" in asked.path


def lives_and_keeps_its_turn(stage: Stage, number: int, skew: int) -> None:
    waits = stage.folder / "waits"
    waits.mkdir()
    with (
        FaultyProxy(KUBECONFIG, stage.folder) as proxy,
        FaultyProxy(KUBECONFIG, waits) as open_way,
        begun(stage, number, skew=skew, pr_sequence=EVENT, preview_kubeconfig=proxy.kubeconfig) as first,
        ExitStack() as runs,
    ):
        with proxy.failing(HELD_UP, where=deploying):
            comes_to(first, proxy, deploying)
            way = {"preview_kubeconfig": open_way.kubeconfig}
            second = runs.enter_context(begun(stage, number, pr_sequence=EVENT, **way))
            comes_to(second, open_way, lambda asked: "/leases/" in asked.path)
            goes_on(second, seconds=LEASE_SECONDS + 3)
            assert not first.ended, first.output
        ended(first.wait(), "ready", number)
        preview = ended(second.wait(), "ready", number)
    assert preview["phases"][1]["seconds"] > LEASE_SECONDS, "it waited for its turn"
    closed(stage, number, EVENT)


def dies_and_loses_its_turn(stage: Stage, number: int, skew: int) -> None:
    with (
        FaultyProxy(KUBECONFIG, stage.folder) as proxy,
        proxy.failing(HELD_UP, where=deploying),
        begun(stage, number, skew=skew, pr_sequence=EVENT, preview_kubeconfig=proxy.kubeconfig) as dying,
    ):
        comes_to(dying, proxy, deploying)
        dying.kill(Way.TREE)
    # Of a process on another machine nothing is known, and so it shall be of this one.
    stage.kubectl("annotate", "lease", f"demo-pr-{number}", "-n", "platform", "k8s-ee/process-")
    preview = ended(run(stage, number, pr_sequence=EVENT), "ready", number)
    assert LEASE_SECONDS <= preview["phases"][1]["seconds"] <= LEASE_SECONDS + GRACE_SECONDS
    closed(stage, number, EVENT)


def ordered_by_events(stage: Stage) -> None:
    ended(run(stage, 455, sha="first", pr_sequence=EVENT, skew=SKEW_SECONDS), "ready", 455)
    newer = ended(run(stage, 455, sha="second", pr_sequence=EVENT + 1, skew=-SKEW_SECONDS), "ready", 455)
    assert newer["changed"] is True
    ended(run(stage, 455, sha="first", pr_sequence=EVENT, skew=SKEW_SECONDS), "superseded", 455)
    assert stage.api.record("demo-pr-455")["spec"]["commit"] == "second"
    closed(stage, 455, EVENT + 1)


def errs_in_the_times_on_record_alone(stage: Stage, number: int, skew: int) -> None:
    wrong_run = run(stage, number, pr_sequence=EVENT, skew=skew)
    phases = ended(wrong_run, "ready", number)["phases"]
    assert sum(phase["seconds"] for phase in phases) < wrong_run.seconds
    wrong = stage.api.record(f"demo-pr-{number}")["status"]
    times = {key: datetime.fromisoformat(value) for key, value in wrong.items() if key.endswith("At")}
    assert abs(times["readyAt"].timestamp() - time.time() - skew) < 60
    assert 0 <= (times["readyAt"] - times["createdAt"]).total_seconds() <= wrong_run.seconds
    assert (times["expiresAt"] - times["readyAt"]).days == 3
    ended(run(stage, number, pr_sequence=EVENT), "ready", number)
    right = stage.api.record(f"demo-pr-{number}")["status"]
    assert timeless(right) == timeless(wrong)
    assert abs(datetime.fromisoformat(right["readyAt"]).timestamp() - time.time()) < 60
    closed(stage, number, EVENT)


def timeless(status: dict[str, Any]) -> dict[str, Any]:
    """A record's status without what differs between any two runs of the same."""
    (condition,) = status["conditions"]
    kept = {key: value for key, value in status.items() if not key.endswith("At") and key not in ("run", "conditions")}
    named = [phase["name"] for phase in status["phases"]]
    return {**kept, "phases": named, "condition": {**condition, "lastTransitionTime": None}, "keys": sorted(status)}


def ordered_by_the_time_of_day_where_nobody_gives_an_order(stage: Stage) -> None:
    ended(run(stage, 458, skew=SKEW_SECONDS), "ready", 458)
    newest = stage.api.record("demo-pr-458")["status"]["sequence"]
    push = run(stage, 458, sha="two")
    close = play("pr.yml", {"pr": 458, "pr_state": "absent", "pr_project": "demo"})
    for late, way in ((push, OPENING), (close, CLOSING)):
        ended(late, "superseded", 458, way=way)
        for word in (str(newest), "pr_sequence", "time of day"):
            assert word in late.output
    closed(stage, 458, newest)


def keeping_its_turn_with_a_clock_ahead(stage: Stage) -> None:
    lives_and_keeps_its_turn(stage, 451, SKEW_SECONDS)


def keeping_its_turn_with_a_clock_behind(stage: Stage) -> None:
    lives_and_keeps_its_turn(stage, 452, -SKEW_SECONDS)


def losing_its_turn_with_a_clock_ahead(stage: Stage) -> None:
    dies_and_loses_its_turn(stage, 453, SKEW_SECONDS)


def losing_its_turn_with_a_clock_behind(stage: Stage) -> None:
    dies_and_loses_its_turn(stage, 454, -SKEW_SECONDS)


def on_record_with_a_clock_ahead(stage: Stage) -> None:
    errs_in_the_times_on_record_alone(stage, 456, SKEW_SECONDS)


def on_record_with_a_clock_behind(stage: Stage) -> None:
    errs_in_the_times_on_record_alone(stage, 457, -SKEW_SECONDS)


@pytest.mark.parametrize(
    "story",
    [
        keeping_its_turn_with_a_clock_ahead,
        keeping_its_turn_with_a_clock_behind,
        losing_its_turn_with_a_clock_ahead,
        losing_its_turn_with_a_clock_behind,
        on_record_with_a_clock_ahead,
        on_record_with_a_clock_behind,
        ordered_by_events,
        ordered_by_the_time_of_day_where_nobody_gives_an_order,
    ],
    ids=lambda story: story.__name__,
)
def test_a_runner(at_once, story):
    at_once[story].result()
