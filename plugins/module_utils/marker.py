# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hidden first line of our comment: whose it is, and what its last report left on the forge."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from .view import State

_LINE = re.compile(r"<!-- k8s-ee (\{.*\}) -->")


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What the next report has to know; it spares asking the forge for it.

    :param environment: empty where a configuration that could not be read named none.
    :param sequence: of the event that was told.
    :param deployment: the forge's number of the commit's deployment; None where it has none.
    :param older: deployments of earlier commits that still count as live.
    """

    environment: str
    sequence: int
    commit: str
    state: State
    deployment: int | None = None
    older: tuple[int, ...] = ()

    def line(self) -> str:
        """As an HTML comment, which nothing inside can end."""
        text = json.dumps(asdict(self), separators=(",", ":"))
        for sign in "<>-":
            text = text.replace(sign, f"\\u{ord(sign):04x}") if sign != "-" else text.replace("--", "-\\u002d")
        return f"<!-- k8s-ee {text} -->"

    @classmethod
    def parse(cls, body: str) -> Marker | None:
        """From a comment's first line; None where it is no marker of ours."""
        found = _LINE.fullmatch(body.split("\n", 1)[0].rstrip("\r"))
        try:
            tree: dict[str, Any] = json.loads(found[1]) if found else {}
            return cls(
                environment=str(tree["environment"]),
                sequence=int(tree["sequence"]),
                commit=str(tree["commit"]),
                state=State(tree["state"]),
                deployment=None if tree.get("deployment") is None else int(tree["deployment"]),
                older=tuple(int(each) for each in tree.get("older") or ()),
            )
        except (KeyError, TypeError, ValueError):
            return None
