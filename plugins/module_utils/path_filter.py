# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pull request changes anything that its environment is made of."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from .errors import RefusedError
from .reading import shorten

MOST_LISTED: Final = 3000
"""Files that GitHub lists of one pull request; of a larger one nobody knows the rest."""

_LONGEST: Final = 200
_DEEP: Final = "**"

# Of one part of a path each; None for any number of parts.
_Parts = tuple[re.Pattern[str] | None, ...]


@dataclass(frozen=True, kw_only=True)
class PathFilter:
    """Patterns of whole paths, part by part: ``*`` is any text of one part, ``?`` one character, ``[ab]`` one of some,
    and ``**``, alone between slashes, any number of parts.

    A pattern that begins with ``!`` takes out what those before it let in; where the first one does, all else is in.
    Without patterns everything is.

    :raises RefusedError: for what is no such pattern.
    """

    patterns: tuple[str, ...] = ()
    _rules: tuple[tuple[bool, _Parts], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rules = tuple((not pattern.startswith("!"), _parts(pattern)) for pattern in self.patterns)
        object.__setattr__(self, "_rules", rules)

    def admits(self, changed: Iterable[str]) -> bool:
        """Whether one of the changed paths counts. Where the forge lists only some of them, one of the rest may."""
        paths = tuple(changed)
        return not self._rules or len(paths) >= MOST_LISTED or any(map(self._counts, paths))

    def _counts(self, path: str) -> bool:
        parts = path.split("/")
        counts = not self._rules[0][0]
        for lets_in, pattern in self._rules:
            if counts is not lets_in and _matches(pattern, parts):
                counts = lets_in
        return counts


def _parts(pattern: str) -> _Parts:
    glob = pattern.removeprefix("!")
    parts = glob.split("/")
    odd = any(not part or (_DEEP in part and part != _DEEP) for part in parts)
    if odd or glob != glob.strip() or len(glob) > _LONGEST:
        raise RefusedError(f"{shorten(ascii(pattern))} is no pattern of paths; write one such as src/** or !docs/*.md")
    return tuple(None if part == _DEEP else re.compile(fnmatch.translate(part)) for part in parts)


def _matches(pattern: _Parts, path: list[str]) -> bool:
    # How many parts of the path may be behind us: strangers choose the path, so no way is gone twice.
    reached = {0}
    for part in pattern:
        if part is None:
            reached = set(range(min(reached), len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and part.match(path[at])}
        if not reached:
            return False
    return len(path) in reached
