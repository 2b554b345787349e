# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace that does not end: who holds it is named, waited for, and only then made to let go, in a fixed order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .admission_webhook import Webhook, admission
from .apiserver import Object
from .conftest import Stage
from .demo import demo_config
from .endings import CLOSING, GRACE_SECONDS, ended, failed, goes_on, is_gone, serves
from .faulty_proxy import FaultyProxy
from .places import KUBECONFIG
from .runs import Run, Started, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SMALL = demo_config(databases={})
# A third of it is what an owner of a finalizer gets.
TIMEOUT_SECONDS = 15
OWNERS_SECONDS = TIMEOUT_SECONDS / 3
# Each of three owners gets 20 s at most.
ALL_OF_IT_SECONDS = 90
HOLD = "faults.example.org/hold"


@contextmanager
def opened(stage: Stage, number: int) -> Iterator[None]:
    """A small environment that nobody holds any more when the context ends, however it ends."""
    ended(stage.pr(number, config=SMALL, pr_sha="one"), "ready", number)
    try:
        yield
    finally:
        place = f"demo-pr-{number}"
        for what in (("configmap", "held", "-n", place), ("namespace", place)):
            stage.kubectl("patch", *what, "--type=merge", "-p", finalizers(None), check=False)
        if (namespace := stage.api.get(f"/api/v1/namespaces/{place}")) is not None:
            finalize(stage, namespace, ["kubernetes"], check=False)


def closing(number: int, timeout: int = TIMEOUT_SECONDS, **variables: Any) -> Started:
    asked = {"pr": number, "pr_state": "absent", "pr_project": "demo", "preview_timeout": timeout}
    return Started("pr.yml", {**asked, **variables})


def close(number: int, timeout: int = TIMEOUT_SECONDS, **variables: Any) -> Run:
    with closing(number, timeout, **variables) as run:
        return run.wait()


def destroyed(stage: Stage, run: Run, number: int, *, after: float = 0) -> None:
    """It is gone, within the timeout, and no sooner than the owner's time was over."""
    phases = ended(run, "destroyed", number, way=CLOSING)["phases"]
    assert after <= phases[-1]["seconds"] <= TIMEOUT_SECONDS + GRACE_SECONDS
    is_gone(stage.api, number)


def finalizers(names: list[str] | None) -> str:
    return json.dumps({"metadata": {"finalizers": names}})


def finalize(stage: Stage, namespace: Object, names: list[str], *, check: bool = True) -> None:
    """Give a namespace's spec these finalizers, which only this subresource reaches."""
    path = stage.folder / "namespace.json"
    path.write_text(json.dumps({**namespace, "spec": {"finalizers": names}}))
    place = namespace["metadata"]["name"]
    stage.kubectl("replace", "--raw", f"/api/v1/namespaces/{place}/finalize", "-f", str(path), check=check)


def hold_spec(stage: Stage, number: int) -> None:
    namespace = stage.api.get(f"/api/v1/namespaces/demo-pr-{number}")
    assert namespace is not None
    finalize(stage, namespace, ["kubernetes", HOLD])


def hold_content(stage: Stage, number: int) -> None:
    """An object that somebody, who may be away, wants to see before it goes."""
    place = f"demo-pr-{number}"
    stage.kubectl("create", "configmap", "held", "-n", place)
    stage.kubectl("patch", "configmap", "held", "-n", place, "--type=merge", "-p", finalizers([HOLD]))


def hold_namespace(stage: Stage, number: int) -> None:
    stage.kubectl("patch", "namespace", f"demo-pr-{number}", "--type=merge", "-p", finalizers([HOLD]))


def told(run: Run, held: str) -> None:
    # Ansible breaks a warning into lines, also behind a hyphen.
    unbroken = "".join(run.output.split())
    assert held in unbroken
    assert HOLD in unbroken


def content_held_by_an_owner_that_is_away(stage: Stage) -> None:
    with opened(stage, 471):
        hold_content(stage, 471)
        run = close(471)
        told(run, "ConfigMap/held")
        destroyed(stage, run, 471, after=OWNERS_SECONDS)


def namespace_held_by_an_owner_that_is_away(stage: Stage) -> None:
    with opened(stage, 472):
        hold_namespace(stage, 472)
        run = close(472)
        told(run, "Namespace/demo-pr-472")
        destroyed(stage, run, 472, after=OWNERS_SECONDS)


def spec_of_a_namespace_held_by_an_owner_that_is_away(stage: Stage) -> None:
    with opened(stage, 473):
        hold_spec(stage, 473)
        run = close(473)
        told(run, "Namespace/demo-pr-473")
        destroyed(stage, run, 473, after=OWNERS_SECONDS)


def all_of_it_held_and_released_in_the_documented_order(stage: Stage) -> None:
    with opened(stage, 474), FaultyProxy(KUBECONFIG, stage.folder) as proxy:
        hold_content(stage, 474)
        hold_namespace(stage, 474)
        hold_spec(stage, 474)
        run = close(474, timeout=ALL_OF_IT_SECONDS, preview_kubeconfig=proxy.kubeconfig)
        ended(run, "destroyed", 474, way=CLOSING)
        is_gone(stage.api, 474)
    place = "/api/v1/namespaces/demo-pr-474"
    released = [asked.path.removeprefix(place) for asked in proxy.asked if asked.method in ("PATCH", "PUT")]
    order = ["/configmaps/held", "", "/finalize"]
    assert [path for path in dict.fromkeys(released) if path in order] == order


def content_held_by_an_owner_that_lives(stage: Stage) -> None:
    held = ("configmap", "held", "-n", "demo-pr-475")

    def is_leaving() -> bool:
        return "deletionTimestamp" in stage.kubectl.json("get", *held)["metadata"]

    with opened(stage, 475):
        hold_content(stage, 475)
        with closing(475, timeout=ALL_OF_IT_SECONDS) as run:
            until("the owner is asked for what it holds", is_leaving, seconds=30)
            goes_on(run, seconds=3)
            stage.kubectl("patch", *held, "--type=merge", "-p", finalizers(None))
            result = run.wait()
        destroyed(stage, result, 475)
        assert HOLD not in result.output


def content_that_may_not_be_released(stage: Stage) -> None:
    owner = Webhook(refuses={"ConfigMap": "it is mine"})
    with opened(stage, 476):
        hold_content(stage, 476)
        with admission(stage.kubectl, stage.folder, owner, namespaces=["demo-pr-476"]):
            diagnosis = failed(close(476), 476, timeout=TIMEOUT_SECONDS, way=CLOSING)
        assert "ConfigMap/held" in diagnosis["message"]
        assert HOLD in diagnosis["message"]
        destroyed(stage, close(476), 476)


def one_before_that_is_held_while_the_next_is_opened(stage: Stage) -> None:
    with opened(stage, 477):
        hold_content(stage, 477)
        stage.kubectl("delete", "namespace", "demo-pr-477", "--wait=false")
        run = stage.pr(477, config=SMALL, pr_sha="two", preview_timeout=TIMEOUT_SECONDS)
        ended(run, "ready", 477)
        told(run, "ConfigMap/held")
        serves(stage.api, 477)
        destroyed(stage, close(477), 477)


@pytest.mark.parametrize(
    "story",
    [
        content_held_by_an_owner_that_is_away,
        namespace_held_by_an_owner_that_is_away,
        spec_of_a_namespace_held_by_an_owner_that_is_away,
        all_of_it_held_and_released_in_the_documented_order,
        content_held_by_an_owner_that_lives,
        content_that_may_not_be_released,
        one_before_that_is_held_while_the_next_is_opened,
    ],
    ids=lambda story: story.__name__,
)
def test_a_namespace(at_once, story):
    at_once[story].result()
