# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our one comment among all those under a pull request: known by its marker and by its author.

Neither is enough: anybody may copy a marker, and the account of a workflow also writes for other workflows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .marker import Marker
from .ports import Comment, Forge


@dataclass(frozen=True, kw_only=True)
class Sticky:
    """Our comment.

    :param body: None where an earlier report handed it on and nobody has read it since.
    :param doubles: further comments of ours for the same environment, of two runs that began at once.
    """

    id: int
    marker: Marker
    url: str = ""
    body: str | None = None
    doubles: tuple[int, ...] = ()

    def says(self, body: str) -> bool:
        """Whether it is known to have this text."""
        return self.body is not None and _unified(self.body) == _unified(body)


def find(forge: Forge, *, pr: int, environment: str, authors: Iterable[str]) -> Sticky | None:
    """Our comment for an environment; None where there is none.

    The search ends with the page that has it. A comment for an environment without a name, written when the
    configuration could not be read, is taken over by the first with a name, and the other way round.
    """
    ours = {author.casefold() for author in authors}
    nameless: list[Sticky] = []
    for page in forge.comments(pr):
        known = [found for comment in page if comment.author.casefold() in ours and (found := _of(comment))]
        same = [each for each in known if each.marker.environment == environment]
        if same:
            first, *more = same
            return replace(first, doubles=tuple(each.id for each in more))
        nameless += [each for each in known if not (each.marker.environment and environment)]
    # Where we have no name and two environments have one, neither is meant.
    return nameless[0] if nameless and (environment or len(nameless) == 1) else None


def _of(comment: Comment) -> Sticky | None:
    marker = Marker.parse(comment.body)
    return None if marker is None else Sticky(id=comment.id, marker=marker, url=comment.url, body=comment.body)


def _unified(body: str) -> str:
    # Whoever edits a comment in a browser sends it back with other line ends.
    return body.replace("\r\n", "\n").strip()
