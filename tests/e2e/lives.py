# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of an environment (created, pushed to, closed), each act of which may be killed and done once more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .apiserver import ApiServer
from .conftest import PullRequests
from .demo import add, folders_of, texts
from .kills import killed
from .pictures import picture
from .runs import Run, Way

ACTS = ("create", "push", "close")
ENTRY = "written before the push"
# What a run that has lost its parent, or was asked to stop, may take to end.
ORPHAN_SECONDS = 60
# Higher is newer, also than what an earlier session of these tests left on record.
_NOW = int(time.time())


@dataclass(frozen=True)
class Kill:
    """Where and how the run of an act is killed."""

    act: str
    point: str
    way: Way

    def __str__(self) -> str:
        return f"{self.act}-{self.point}-{self.way.value}"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """An act, and how it ended.

    :param run: the run that ended it; where one was killed, the one after that.
    :param shown: the step on record at the kill.
    :param picture: what the environment consists of then; empty after a close.
    :param left: volumes and folders that a close has left.
    """

    run: Run
    shown: str | None
    record: Mapping[str, Any]
    lease: Mapping[str, Any]
    picture: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Life:
    """One environment of the demo application.

    :param kills: at most one for each act.
    """

    def __init__(self, number: int, kills: Mapping[str, Kill], *, pr: PullRequests, api: ApiServer) -> None:
        self._number = number
        self._namespace = f"demo-pr-{number}"
        self._kills = kills
        self._pr = pr
        self._api = api

    def live(self) -> dict[str, Chapter]:
        """Go through the acts in their order; where some are killed, without a push that is not."""
        self._clear()
        chapters = {}
        for act in ACTS:
            if act == "push" and self._kills and act not in self._kills:
                continue
            if act == "push":
                add(self._number, ENTRY)
            chapters[act] = self._act(act)
        return chapters

    def _act(self, act: str) -> Chapter:
        variables = self._variables(act)
        kill = self._kills.get(act)
        if kill is None:
            run, shown = self._pr(self._number, **variables), None
        else:
            asked = self._pr.variables(self._number, **variables)
            with killed(self._api, self._namespace, asked, point=kill.point, way=kill.way) as victim:
                run, shown = self._pr(self._number, **variables), victim.shown
                victim.run.see_gone(seconds=ORPHAN_SECONDS)
        record, lease = self._api.record(self._namespace), self._api.lease(self._namespace)
        if act == "close":
            volumes = [volume["metadata"]["name"] for volume in self._api.volumes(self._namespace)]
            spaces = [self._namespace] if self._api.get(f"/api/v1/namespaces/{self._namespace}") else []
            left = (*spaces, *volumes, *(folder.name for folder in folders_of([self._number])))
            return Chapter(run=run, shown=shown, record=record, lease=lease, left=left)
        assert run.code == 0, f"{kill or act}: {run.output}"
        return Chapter(
            run=run,
            shown=shown,
            record=record,
            lease=lease,
            picture=tuple(picture(self._api, self._namespace)),
            texts=tuple(texts(self._number)),
        )

    def _variables(self, act: str) -> dict[str, Any]:
        if act == "close":
            return {"pr_state": "absent", "pr_project": "demo", "pr_sequence": _NOW + 3}
        return {"pr_sha": act, "pr_sequence": _NOW + 1 + ACTS.index(act)}

    def _clear(self) -> None:
        """Remove what an earlier session may have left."""
        if self._api.get(f"/api/v1/namespaces/{self._namespace}"):
            closed = self._pr(self._number, pr_state="absent", pr_project="demo", pr_sequence=_NOW)
            assert closed.code == 0, closed.output
