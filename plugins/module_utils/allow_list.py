# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may deploy: owners and repositories, as the inventory lists them.

Runs that GitHub starts ask it (`trigger.decide`, by its policy). A person who runs `playbooks/pr.yml` holds a
credential of the cluster already, and is asked nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .errors import RefusedError
from .pulls import Repository
from .reading import kind_of, shorten

OPTION: Final = "preview_allow"

_OWNER: Final = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_KEYS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "owners": (re.compile(_OWNER), "an owner such as acme"),
    "repositories": (re.compile(rf"{_OWNER}/[A-Za-z0-9_.-]+"), "a repository such as acme/shop"),
}


@dataclass(frozen=True, kw_only=True)
class AllowList:
    """Names and numbers, each as a whole: there are no patterns. Names are compared without regard to case, as GitHub's
    are. A number outlives a rename; a name that its owner gave up may be taken by somebody else.

    :param entries: ``("owners", "acme")``, ``("repositories", 42)``: names in small letters.
    :param nobody: why it lets nobody in, in one line; empty where it lets somebody in.
    """

    entries: frozenset[tuple[str, str | int]] = frozenset()
    nobody: str = ""

    @classmethod
    def parse(cls, listed: object) -> AllowList:
        """From the inventory's ``preview_allow``: ``{owners: [acme, 1234], repositories: [else/shop]}``.

        A number is an id, a text a name. What is missing, or wrong in any part of it, lets nobody in at all, and says
        so: a list that its author did not finish must not open anything.
        """
        try:
            entries = frozenset(_entries(listed))
        except RefusedError as error:
            return cls(nobody=str(error))
        if not entries:
            return cls(nobody=f"{OPTION} is empty; list owners or repositories in the inventory")
        return cls(entries=entries)

    def refusal(self, repository: Repository) -> str:
        """Why a repository is not let in, and what to do about it; empty where it is."""
        if self.nobody:
            return f"no repository is allowed: {self.nobody}"
        name = repository.name.lower()
        asked = {
            ("owners", name.partition("/")[0]),
            ("owners", repository.owner_id),
            ("repositories", name),
            ("repositories", repository.id),
        }
        if asked & self.entries:
            return ""
        return f"{repository.name} (id {repository.id}) is not allowed here; add it to {OPTION} in the inventory"


def _entries(listed: object) -> Iterator[tuple[str, str | int]]:
    if listed is None:
        raise RefusedError(f"{OPTION} is not set; list owners or repositories in the inventory")
    if not isinstance(listed, Mapping):
        raise RefusedError(f"{OPTION} is {kind_of(listed)}; write a mapping of {' and '.join(_KEYS)}")
    for key, entries in listed.items():
        if key not in _KEYS:
            raise RefusedError(f"{OPTION}.{shorten(ascii(key))}: unknown key; allowed: {', '.join(_KEYS)}")
        if not isinstance(entries, list | tuple):
            raise RefusedError(f"{OPTION}.{key} is {kind_of(entries)}; write a list")
        for at, entry in enumerate(entries):
            yield key, _entry(key, at, entry)


def _entry(key: str, at: int, entry: object) -> str | int:
    pattern, rule = _KEYS[key]
    if isinstance(entry, str) and pattern.fullmatch(entry):
        return entry.lower()
    if isinstance(entry, int) and not isinstance(entry, bool) and entry > 0:
        return int(entry)
    shown = shorten(ascii(entry)) if isinstance(entry, str | int) else kind_of(entry)
    raise RefusedError(f"{OPTION}.{key}[{at}] is {shown}; write {rule}, or its number")
