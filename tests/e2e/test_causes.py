# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each common cause of failure is made to happen, and the result tells a developer all that there is to know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .cause import IMAGE, Cause
from .conftest import Kubectl, Run, play
from .place_causes import PLACE_CAUSES
from .registries import RefusingRegistry, refusing_registry
from .run_causes import RUN_CAUSES
from .start_causes import START_CAUSES
from .strangers import Situation

pytestmark = pytest.mark.faults

CAUSES = {**START_CAUSES, **RUN_CAUSES, **PLACE_CAUSES}
PROJECT = "cause"
FIRST_NUMBER = 500
AT_ONCE = 4
PHASES = ["plan", "record", "admit", "guardrails", "data", "app", "probe"]
# Beyond its timeout a phase may take this long to find out why.
GRACE_SECONDS = 2.0
HEALTHY: Mapping[str, Any] = {
    "projectId": PROJECT,
    "app": {"port": 8080, "healthPath": "/health"},
    "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
}


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What became of one cause.

    :param record: of the environment, as it was after the failure.
    :param repaired: the run after it, where the cause has one.
    """

    failed: Run
    record: Mapping[str, Any]
    repaired: Run | None


class Stage:
    """Brings causes about, each in an environment of its own, and closes that afterwards."""

    def __init__(self, kubectl: Kubectl, registry: RefusingRegistry, folder: Path) -> None:
        self._kubectl = kubectl
        self._registry = registry
        self._folder = folder

    def happen(self, name: str) -> Happened:
        """One cause from the first run to the close."""
        cause, number = CAUSES[name], FIRST_NUMBER + list(CAUSES).index(name)
        folder = self._folder / str(number)
        folder.mkdir()
        place = f"{PROJECT}-pr-{number}"

        def run(sha: str, settings: Mapping[str, Any], changes: Mapping[str, Any]) -> Run:
            path = folder / f"{sha}.yaml"
            path.write_text(yaml.safe_dump({**HEALTHY, **changes}))
            asked = {"pr": number, "pr_sha": sha, "pr_config": str(path), "pr_image": IMAGE}
            return play("pr.yml", {**asked, **settings})

        situation = Situation(
            number=number,
            namespace=place,
            kubectl=self._kubectl,
            registry=self._registry,
            folder=folder,
            open=lambda **changes: run("before", {}, changes),
        )
        self._close(number)
        try:
            with cause.around(situation):
                settings = {"preview_timeout": cause.timeout, **cause.settings(situation)}
                failed = run("broken", settings, cause.config)
            record = self._kubectl.json("get", "environment", "-n", "platform", place)
            repaired = None if cause.mended is None else run("mended", {}, cause.mended)
            return Happened(failed=failed, record=record, repaired=repaired)
        finally:
            self._close(number)

    def _close(self, number: int) -> None:
        if self._kubectl.exists("namespace", f"{PROJECT}-pr-{number}"):
            closed = play("pr.yml", {"pr": number, "pr_state": "absent", "pr_project": PROJECT})
            assert closed.code == 0, closed.output


@pytest.fixture(scope="module")
def happening(
    request: pytest.FixtureRequest, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[Happened]]]:
    """All causes that this session asks for, several at once, those that take longest first."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    asked = {call.params["name"] for call in calls if call is not None and call.params.get("name") in CAUSES}
    with refusing_registry() as registry, ThreadPoolExecutor(AT_ONCE) as pool:
        stage = Stage(kubectl, registry, tmp_path_factory.mktemp("causes"))
        # A crash is told after the kubelet's second try, which comes after 10 s; a missing image at once.
        longest_first = sorted(asked, key=lambda name: (-CAUSES[name].timeout, CAUSES[name].exit_code is None))
        yield {name: pool.submit(stage.happen, name) for name in longest_first}
        pool.shutdown(cancel_futures=True)


def named(chosen: Callable[[Cause], bool] = lambda _: True) -> list[Any]:
    """Parameters of the causes that are chosen; those that are not quick are left to `make test-all`."""
    marks = {True: (), False: (pytest.mark.slow,)}
    return [pytest.param(name, marks=marks[cause.quick]) for name, cause in CAUSES.items() if chosen(cause)]


@pytest.mark.parametrize("name", named())
def test_a_failure_says_what_why_and_what_to_do(name: str, happening: Mapping[str, Future[Happened]]) -> None:
    cause, failed = CAUSES[name], happening[name].result(timeout=600).failed
    preview, diagnosis = failed.preview, failed.preview["diagnosis"]
    assert failed.code != 0
    assert set(preview) == {"status", "url", "namespace", "changed", "phases", "diagnosis"}
    assert preview["status"] == "failed"
    assert set(diagnosis) == {"phase", "object", "reason", "exit_code", "message", "log", "hint"}
    told = json.dumps(diagnosis, indent=1)
    assert (diagnosis["phase"], diagnosis["reason"]) == (cause.phase, cause.reason), told
    assert re.fullmatch(cause.object, diagnosis["object"]), told
    assert diagnosis["exit_code"] == cause.exit_code, told
    assert cause.message in diagnosis["message"], told
    assert cause.hint in diagnosis["hint"], told
    assert cause.log in diagnosis["log"], told
    assert "\n" not in diagnosis["message"] + diagnosis["hint"]
    # Its reader has no access to the cluster.
    assert "kubectl" not in diagnosis["hint"]


@pytest.mark.parametrize("name", named())
def test_a_failure_is_timed_whole_and_ends_in_time(name: str, happening: Mapping[str, Future[Happened]]) -> None:
    cause, preview = CAUSES[name], happening[name].result(timeout=600).failed.preview
    assert [phase["name"] for phase in preview["phases"]] == PHASES[: PHASES.index(cause.phase) + 1]
    assert all(0 <= phase["seconds"] <= cause.timeout + GRACE_SECONDS for phase in preview["phases"]), preview["phases"]


@pytest.mark.parametrize("name", named())
def test_a_failure_is_told_to_people_and_put_on_record(name: str, happening: Mapping[str, Future[Happened]]) -> None:
    happened = happening[name].result(timeout=600)
    preview, output = happened.failed.preview, happened.failed.output
    assert f"next: {preview['diagnosis']['hint']}" in output.replace('\\"', '"')
    assert "MODULE FAILURE" not in output
    assert "An exception occurred" not in output
    status = happened.record["status"]
    assert status["phase"] == "Failed"
    assert {key: value for key, value in preview["diagnosis"].items() if value not in (None, "")}.items() <= (
        status["diagnosis"].items()
    )
    assert [phase["name"] for phase in status["phases"]] == [phase["name"] for phase in preview["phases"]]


@pytest.mark.parametrize("name", named(lambda cause: cause.mended is not None))
def test_what_failed_is_ready_with_the_next_run_that_mends_it(
    name: str, happening: Mapping[str, Future[Happened]]
) -> None:
    repaired = happening[name].result(timeout=600).repaired
    assert repaired is not None
    assert repaired.code == 0, repaired.output
    assert repaired.preview["status"] == "ready"
    assert repaired.preview["diagnosis"] is None
