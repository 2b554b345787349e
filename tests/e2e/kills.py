# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills at a named point of a run. As a program it leaves one behind: ``python -m tests.e2e.kills 390 data tree``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .apiserver import ENVIRONMENTS, LEASES, ApiServer, Object
from .places import DEMO, REGISTRY, STATE
from .runs import Started, Way, until

# `turn` is no phase of its own: the Lease is taken, and the record shows nothing of this run yet.
PRESENT = ("plan", "turn", "record", "admit", "guardrails", "data", "app", "probe")
ABSENT = ("lease", "delete", "verify")
_ENDS = ("Ready", "Failed", "Destroyed")
_POINT_SECONDS = 90


@dataclass(frozen=True, kw_only=True)
class Killed:
    """A run that was killed.

    :param shown: the step that its record showed when the signal was sent; None before there was one.
    """

    run: Started
    shown: str | None


class Lookout:
    """Sees how far the next run of an environment has come: by its record, and by what comes before there is one."""

    def __init__(self, api: ApiServer, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._run_before = api.record(namespace).get("status", {}).get("run")
        self._holder_before = api.lease(namespace).get("spec", {}).get("holderIdentity")
        self._since = {collection: api.version(collection) for collection in (ENVIRONMENTS, LEASES)}

    def wait(self, point: str) -> str | None:
        """Return as soon as the run is at a point or past it, with the step that its record shows.

        :param point: any of PRESENT but `plan`, or of ABSENT.
        """
        match point:
            case "turn":
                self._watch(LEASES, self._is_taken)
                return self.step()
            case _:
                return str(self._watch(ENVIRONMENTS, lambda record: self._is_at(point, record))["status"]["step"])

    def step(self) -> str | None:
        """The step that the record shows now; None where it shows nothing of the run yet."""
        status = self._api.record(self._namespace).get("status", {})
        return str(status["step"]) if self._is_of_the_run(status) else None

    @property
    def has_ended(self) -> bool:
        """Whether the record says how the run ended."""
        status = self._api.record(self._namespace).get("status", {})
        return self._is_of_the_run(status) and status["phase"] in _ENDS

    def _watch(self, collection: str, sought: Any) -> Object:
        seen = self._api.watch(collection, since=self._since[collection], seconds=_POINT_SECONDS, name=self._namespace)
        with closing(seen):
            for found in seen:
                if sought(found):
                    return found
        raise AssertionError(f"{self._namespace}: the run did not come so far in {_POINT_SECONDS} s")

    def _is_taken(self, lease: Object) -> bool:
        return lease["spec"].get("holderIdentity") not in (None, "", self._holder_before)

    def _is_at(self, point: str, record: Object) -> bool:
        status = record.get("status", {})
        order = PRESENT if point in PRESENT else ABSENT
        if not self._is_of_the_run(status) or status["step"] not in order:
            return False
        return order.index(status["step"]) >= order.index(point) or status["phase"] in _ENDS

    def _is_of_the_run(self, status: Object) -> bool:
        return status.get("run") not in (None, self._run_before)


@contextmanager
def killed(api: ApiServer, namespace: str, variables: Mapping[str, Any], *, point: str, way: Way) -> Iterator[Killed]:
    """Start `playbooks/pr.yml` and kill it at a point; what is left of it goes on until the context ends."""
    lookout = Lookout(api, namespace)
    with tempfile.TemporaryDirectory() as folder:
        helm = slow_helm(Path(folder), seconds=0.5)
        with Started("pr.yml", {**variables, **({"preview_helm": str(helm)} if point == "plan" else {})}) as run:
            try:
                shown = _rendering(helm) if point == "plan" else lookout.wait(point)
            except AssertionError as error:
                error.add_note(run.output)
                raise
            run.kill(way)
            if way is Way.TREE:
                shown = lookout.step()
                assert not lookout.has_ended, f"{namespace}: the run ended before it was killed at {point}"
            yield Killed(run=run, shown=shown)


def slow_helm(folder: Path, *, seconds: float) -> Path:
    """A helm that takes its time, so that others act while a run is in `plan`, and notes beside itself that it began.

    Nothing is written down before a plan is made: what can be seen of that phase is that it renders.
    """
    helm = folder / "helm"
    helm.write_text(f'#!/bin/sh\n: > "$0.began"\nsleep {seconds:g}\nexec {STATE}/bin/helm "$@"\n')
    helm.chmod(0o755)
    return helm


def _rendering(helm: Path) -> None:
    began = Path(f"{helm}.began")
    until("the run renders its charts", began.exists, seconds=_POINT_SECONDS)


def main(number: str, point: str, way: str) -> None:
    """Leave a killed run of the demo application behind."""
    variables = {"pr": number, "pr_config": str(DEMO / "k8s-ee.yaml"), "pr_image": f"{REGISTRY}/demo:pr-1"}
    with killed(ApiServer(), f"demo-pr-{number}", variables, point=point, way=Way(way)) as victim:
        sys.stdout.write(f"killed; its record shows {victim.shown}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
