# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository and its platform want to happen by itself, on a word, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .allow_list import AllowList
from .command import SERVED
from .errors import RefusedError
from .path_filter import PathFilter
from .reading import kind_of, shorten
from .support import SERVED_PROFILES

AUTOMATIC, BY_LABEL, ON_DEMAND = "automatic", "label", "on-demand"
MODES: Final = (AUTOMATIC, BY_LABEL, ON_DEMAND)
PIN_LABEL: Final = "preserve=true"

_LONGEST_LABEL: Final = 50


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules for one repository's events.

    ``drafts``, ``bots`` and ``paths`` hold for what deploys by itself. A label and a comment are somebody's word, and
    outrank them.

    :param allow: who may deploy at all.
    :param mode: `trigger` of `k8s-ee.yaml`: what deploys is each push, a label, or a comment.
    :param label: the label of mode `label`; as everywhere on GitHub, case does not matter.
    :param drafts: whether a draft is deployed as any other pull request is.
    :param bots: whether a bot's pull request is; they come in flocks, and an environment has its price.
    :param paths: files that must be changed.
    :param forks: whether a fork's commit may be approved at all.
    :param served: commands and pins that this version does.
    :param profiles: guard rails that this version has.
    """

    allow: AllowList
    mode: str = AUTOMATIC
    label: str = "preview"
    drafts: bool = True
    bots: bool = False
    paths: PathFilter = field(default_factory=PathFilter)
    forks: bool = True
    served: frozenset[str] = SERVED
    profiles: tuple[str, ...] = SERVED_PROFILES

    @classmethod
    def parse(
        cls, tree: Mapping[str, object], *, mode: str, allow: AllowList, option: str = "preview_triggers"
    ) -> Policy:
        """From an inventory's or a workflow's words, each key optional::

            {"label": "preview", "drafts": false, "bots": true, "paths": ["src/**"], "forks": false}

        :param mode: of the configuration, which has checked it.
        :raises RefusedError: naming the option, the key and the value.
        """
        for key, value in tree.items():
            if key not in _KINDS:
                raise RefusedError(f"{option}.{shorten(key)}: unknown key; allowed: {', '.join(_KINDS)}")
            kind, rule = _KINDS[key]
            if not isinstance(value, kind):
                raise RefusedError(f"{option}.{key} is {kind_of(value)}; write {rule}")
        label, paths = tree.get("label", cls.label), tree.get("paths", ())
        if not isinstance(label, str) or not 0 < len(label.strip()) <= _LONGEST_LABEL or same(label, PIN_LABEL):
            raise RefusedError(f"{option}.label is {shorten(ascii(label))}; write a label other than {PIN_LABEL}")
        return cls(
            allow=allow,
            mode=mode,
            label=label,
            drafts=bool(tree.get("drafts", cls.drafts)),
            bots=bool(tree.get("bots", cls.bots)),
            paths=_paths(paths, option),
            forks=bool(tree.get("forks", cls.forks)),
        )


_KINDS: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "label": (str, "a label"),
    "drafts": (bool, "true or false"),
    "bots": (bool, "true or false"),
    "paths": ((list, tuple), "a list of patterns"),
    "forks": (bool, "true or false"),
}


def same(label: str, other: str) -> bool:
    """Whether two names are of one label."""
    return label.casefold() == other.casefold()


def _paths(patterns: object, option: str) -> PathFilter:
    written = tuple(patterns) if isinstance(patterns, list | tuple) else ()
    if not all(isinstance(pattern, str) for pattern in written):
        raise RefusedError(f"{option}.paths holds what is no text; write a list of patterns")
    try:
        return PathFilter(patterns=written)
    except RefusedError as error:
        raise RefusedError(f"{option}.paths: {error}") from None
