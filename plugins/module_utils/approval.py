# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody's word that one commit of a fork may be built and deployed.

It is kept where it belongs, on the commit: as a commit status of the repository that the pull request is for, made by
the platform's own account. The author of a fork can set none there; a new push is another commit, which has none; and
it needs no database. The newest status decides, so that ``state: failure`` takes an approval back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

CONTEXT: Final = "preview/approval"

_DESCRIPTION = re.compile(r"allowed by (\S{1,100}) in comment ([0-9]{1,16})")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One commit's approval.

    :param sha: the commit, 40 hexadecimal digits.
    :param by: login of who gave it, with permission to write when it was given.
    :param comment: number of the comment that gave it.
    """

    sha: str
    by: str
    comment: int

    def as_status(self) -> dict[str, str]:
        """Fields of ``POST /repos/{owner}/{repo}/statuses/{sha}``."""
        return {
            "context": CONTEXT,
            "state": "success",
            "description": f"allowed by {self.by} in comment {self.comment}",
        }


def approvals(statuses: Iterable[Mapping[str, Any]], *, sha: str, authors: Collection[str]) -> tuple[Approval, ...]:
    """The approval that a commit has, or none.

    :param statuses: the answer to ``GET /repos/{owner}/{repo}/commits/{sha}/statuses``, the newest first.
    :param authors: logins of the platform's own accounts, such as ``github-actions[bot]``; another's status counts
        for nothing, however it is worded.
    """
    for status in statuses:
        creator = status.get("creator") or {}
        if status.get("context") != CONTEXT or creator.get("login") not in authors:
            continue
        told = _DESCRIPTION.fullmatch(str(status.get("description")))
        if status.get("state") != "success" or told is None:
            return ()
        return (Approval(sha=sha, by=told[1], comment=int(told[2])),)
    return ()
