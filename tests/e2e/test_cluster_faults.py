# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that throttles, errs, hangs up, is away: what passes costs time alone, what stays is one clear line."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from .api_faults import Asked, Cut, Fault, HungUp, Late, Refused, Where, everything, watches, writes
from .conftest import Stage
from .demo import demo_config
from .endings import CLOSING, GRACE_SECONDS, comes_to, ended, failed, goes_on, is_gone, serves
from .faulty_proxy import FaultyProxy
from .places import KUBECONFIG
from .programs import has_recovered, stopped
from .runs import Run, Started, until

pytestmark = pytest.mark.faults

# Without a database an environment is up, and gone, within seconds.
SMALL = demo_config(databases={})
MOMENT_SECONDS = 3.0
MINUTE_SECONDS = 60.0
TIMEOUT_SECONDS = 5

THROTTLED = Refused(status=429, retry_after=1)
BROKEN = Refused(status=500)

Switch = Callable[[FaultyProxy], AbstractContextManager[object]]


def on(fault: Fault) -> Switch:
    return lambda proxy: proxy.failing(fault)


def guarding(asked: Asked) -> bool:
    """The first writes into a namespace."""
    return writes(asked) and "/networkpolicies/" in asked.path


def deleting(asked: Asked) -> bool:
    """The namespace itself."""
    return asked.method == "DELETE" and asked.path.startswith("/api/v1/namespaces/") and asked.path.count("/") == 4


def opening(stage: Stage, number: int, proxy: FaultyProxy | None = None, **variables: Any) -> Started:
    way = {} if proxy is None else {"preview_kubeconfig": proxy.kubeconfig}
    return stage.pr.start(number, config=SMALL, pr_sha="one", **way, **variables)


def closing(number: int, proxy: FaultyProxy | None = None, **variables: Any) -> Started:
    way = {} if proxy is None else {"preview_kubeconfig": proxy.kubeconfig}
    return Started("pr.yml", {"pr": number, "pr_state": "absent", "pr_project": "demo", **way, **variables})


def opened(stage: Stage, number: int) -> None:
    with opening(stage, number) as run:
        ended(run.wait(), "ready", number)
    serves(stage.api, number)


def closed(stage: Stage, number: int) -> None:
    with closing(number) as run:
        ended(run.wait(), "destroyed", number, way=CLOSING)
    is_gone(stage.api, number)


def sat_out(run: Started, proxy: FaultyProxy, switch: Switch, *, middle: Where, seconds: float) -> Run:
    """How a run ended that met a fault in its middle for so long."""
    comes_to(run, proxy, middle)
    with switch(proxy):
        goes_on(run, seconds=seconds)
    return run.wait()


def passes(stage: Stage, number: int, switch: Switch, seconds: float = MOMENT_SECONDS) -> None:
    """A fault in the middle of an opening, and again in the middle of a close."""
    with FaultyProxy(KUBECONFIG, stage.folder) as proxy:
        with opening(stage, number, proxy) as run:
            ended(sat_out(run, proxy, switch, middle=guarding, seconds=seconds), "ready", number)
        serves(stage.api, number)
        with closing(number, proxy) as run:
            ended(sat_out(run, proxy, switch, middle=deleting, seconds=seconds), "destroyed", number, way=CLOSING)
        is_gone(stage.api, number)


def given_up(run: Started, proxy: FaultyProxy, switch: Switch, *, middle: Where) -> Run:
    """How a run ended that met a fault in its middle for good; it waited no longer than it may."""
    comes_to(run, proxy, middle)
    began = time.monotonic()
    with switch(proxy):
        # What Ansible does after its module takes longer on a machine that is busy, and waits for nothing.
        until("the module has ended", lambda: "TASK [Hand the result" in run.output or run.ended, seconds=300)
        took = time.monotonic() - began
        result = run.wait()
    assert took <= TIMEOUT_SECONDS + GRACE_SECONDS, f"{took:.1f} s\n{result.output}"
    return result


def stays(stage: Stage, number: int, switch: Switch, says: str, *, middle: Where = guarding) -> None:
    """A fault that outlasts the timeout, and the next run after it."""
    with FaultyProxy(KUBECONFIG, stage.folder) as proxy:
        with opening(stage, number, proxy, preview_timeout=TIMEOUT_SECONDS) as run:
            result = given_up(run, proxy, switch, middle=middle)
        assert says in failed(result, number, timeout=TIMEOUT_SECONDS)["message"]
    opened(stage, number)
    closed(stage, number)


def annoys(stage: Stage, number: int, fault: Fault, where: Where) -> None:
    """A fault from the first request to the last."""
    with FaultyProxy(KUBECONFIG, stage.folder) as proxy, proxy.failing(fault, where=where) as strikes:
        with opening(stage, number, proxy) as run:
            result = run.wait()
        ended(result, "ready", number)
        assert strikes.count, "nothing met the fault"
        # Who starts again at once asks an API server in trouble thousands of times.
        assert strikes.count < 40 * result.seconds, f"{strikes.count} requests in {result.seconds:.0f} s"
        serves(stage.api, number)
        with closing(number, proxy) as run:
            ended(run.wait(), "destroyed", number, way=CLOSING)
        is_gone(stage.api, number)


def throttling_for_a_moment(stage: Stage) -> None:
    passes(stage, 401, on(THROTTLED))


def failing_for_a_moment(stage: Stage) -> None:
    passes(stage, 402, on(BROKEN))


def hanging_up_for_a_moment(stage: Stage) -> None:
    passes(stage, 403, on(HungUp()))


def away_for_a_moment(stage: Stage) -> None:
    passes(stage, 404, FaultyProxy.away)


def slow_to_write_all_the_time(stage: Stage) -> None:
    annoys(stage, 405, Late(seconds=0.5), writes)


def ending_each_watch_after_one_event(stage: Stage) -> None:
    annoys(stage, 406, Cut(events=1), watches)


def ending_each_watch_at_once(stage: Stage) -> None:
    annoys(stage, 407, Cut(events=0), watches)


def forgetting_each_resource_version(stage: Stage) -> None:
    annoys(stage, 408, Cut(events=0, too_old=True), watches)


def throttling_for_longer_than_the_timeout(stage: Stage) -> None:
    stays(stage, 411, on(THROTTLED), "429")


def failing_for_longer_than_the_timeout(stage: Stage) -> None:
    stays(stage, 412, on(BROKEN), "500")


def away_for_longer_than_the_timeout(stage: Stage) -> None:
    stays(stage, 413, FaultyProxy.away, "cannot be reached: connection refused")


def silent_for_longer_than_the_timeout(stage: Stage) -> None:
    stays(stage, 414, on(Late(seconds=4 * TIMEOUT_SECONDS)), "cannot be reached: timed out")


def away_while_the_turn_is_taken(stage: Stage) -> None:
    taking = lambda asked: writes(asked) and "/leases" in asked.path  # noqa: E731 - one use
    stays(stage, 415, FaultyProxy.away, "cannot be reached", middle=taking)


def away_before_the_turn_is_asked_for(stage: Stage) -> None:
    stays(stage, 416, FaultyProxy.away, "cannot be reached", middle=everything)


def away_for_longer_than_a_close_waits(stage: Stage) -> None:
    opened(stage, 417)
    with FaultyProxy(KUBECONFIG, stage.folder) as proxy:
        with closing(417, proxy, preview_timeout=TIMEOUT_SECONDS) as run:
            result = given_up(run, proxy, FaultyProxy.away, middle=deleting)
        diagnosis = failed(result, 417, timeout=TIMEOUT_SECONDS, way=CLOSING)
    assert "cannot be reached" in diagnosis["message"]
    closed(stage, 417)


def throttling_for_a_minute(stage: Stage) -> None:
    passes(stage, 421, on(THROTTLED), MINUTE_SECONDS)


def failing_for_a_minute(stage: Stage) -> None:
    passes(stage, 422, on(BROKEN), MINUTE_SECONDS)


QUICK = (
    throttling_for_a_moment,
    away_for_a_moment,
    forgetting_each_resource_version,
    away_for_longer_than_the_timeout,
)
SLOW = (
    throttling_for_a_minute,
    failing_for_a_minute,
    failing_for_a_moment,
    hanging_up_for_a_moment,
    slow_to_write_all_the_time,
    ending_each_watch_after_one_event,
    ending_each_watch_at_once,
    throttling_for_longer_than_the_timeout,
    failing_for_longer_than_the_timeout,
    silent_for_longer_than_the_timeout,
    away_while_the_turn_is_taken,
    away_before_the_turn_is_asked_for,
    away_for_longer_than_a_close_waits,
)


@pytest.mark.parametrize(
    "story", [*QUICK, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)], ids=lambda each: each.__name__
)
def test_an_api_server(at_once, story):
    at_once[story].result()


@pytest.mark.slow
def test_an_api_server_that_is_down_for_half_a_minute_in_the_middle_of_an_opening_and_of_a_close(pr, api, kubectl):
    def phase() -> str:
        status = api.record("demo-pr-423").get("status", {})
        return f"{status.get('phase')} {status.get('step')}"

    def down(run: Started) -> Run:
        with stopped("kube-apiserver"):
            goes_on(run, seconds=30)
        until("the API server has recovered", lambda: has_recovered(kubectl), seconds=60)
        return run.wait()

    with pr.start(423, pr_sha="one") as run:
        until("the database is rolled out", lambda: phase() == "Deploying data", seconds=30)
        ended(down(run), "ready", 423)
    serves(api, 423)
    with closing(423) as run:
        until("the close has begun", lambda: phase().startswith("Destroying"), seconds=30)
        ended(down(run), "destroyed", 423, way=CLOSING)
    is_gone(api, 423)
