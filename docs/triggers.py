# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of docs/reference/triggers.md: what each event comes to, by asking the function that decides."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.approval import Approval
from ansible_collections.ephemeral.k8s.plugins.module_utils.command import PREFIX, SERVED, VERBS
from ansible_collections.ephemeral.k8s.plugins.module_utils.decision import Decision
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import (
    PULL_REQUEST,
    PULL_REQUEST_TARGET,
    Event,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.path_filter import PathFilter
from ansible_collections.ephemeral.k8s.plugins.module_utils.policy import PIN_LABEL, Policy
from ansible_collections.ephemeral.k8s.plugins.module_utils.pulls import Account, PullRequest, Repository
from ansible_collections.ephemeral.k8s.plugins.module_utils.support import FORK, SERVED_PROFILES
from ansible_collections.ephemeral.k8s.plugins.module_utils.trigger import decide

NOT_YET = "(not yet)"
_OURS, _THEIRS, _SHA = 42, 99, "a" * 40
_PULL = PullRequest(
    number=7,
    is_open=True,
    is_merged=False,
    is_draft=False,
    author=Account(login="octocat"),
    labels=(),
    sha=_SHA,
    branch="feature",
    repository_id=_OURS,
    head_repository_id=_OURS,
    updated=0,
)
_EVENT = Event(
    kind=PULL_REQUEST,
    action="",
    repository=Repository(name="acme/shop", id=_OURS, owner_id=7),
    number=7,
    sender=Account(login="octocat"),
    sequence=0,
    pull_request=_PULL,
    paths=("docs/page.md",),
    approvals=(),
)
_POLICY = Policy(
    allow=AllowList.parse({"owners": ["acme"]}),
    drafts=False,
    served=frozenset(VERBS),
    profiles=("team", FORK),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Something that happens to a pull request."""

    told: str
    action: str
    label: str = ""
    pull: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A kind of pull request, as what makes it different from the team's own."""

    told: str
    pull: dict[str, Any] = field(default_factory=dict)
    event: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)


ROWS = (
    Row(told="opened", action="opened"),
    Row(told="reopened", action="reopened"),
    Row(told="synchronize (a push)", action="synchronize"),
    Row(told="ready_for_review", action="ready_for_review"),
    Row(told="converted_to_draft", action="converted_to_draft", pull={"is_draft": True}),
    Row(told="labeled `preview`", action="labeled", label="preview"),
    Row(told="unlabeled `preview`", action="unlabeled", label="preview"),
    Row(told=f"labeled `{PIN_LABEL}`", action="labeled", label=PIN_LABEL),
    Row(told=f"unlabeled `{PIN_LABEL}`", action="unlabeled", label=PIN_LABEL),
    Row(told="labeled or unlabeled otherwise", action="labeled", label="bug"),
    Row(told="edited", action="edited"),
    Row(told="closed", action="closed", pull={"is_open": False}),
    Row(told="closed, merged", action="closed", pull={"is_open": False, "is_merged": True}),
    Row(told="anything else (assigned, locked, ...)", action="assigned"),
)
COLUMNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("automatic", "automatic", ()),
    ("label, not there", "label", ()),
    ("label, there", "label", ("preview",)),
    ("on-demand", "on-demand", ()),
)
TEAM = Section(told="The team's own")
OTHERS = (
    Section(told="Any, where drafts are deployed too (`drafts: true`, the default)", policy={"drafts": True}),
    Section(told="A draft, where they are not (`drafts: false`)", pull={"is_draft": True}),
    Section(told="A bot's (`bots: false`, the default)", pull={"author": Account(login="renovate[bot]", is_bot=True)}),
    Section(told="One that changes none of `paths`", policy={"paths": PathFilter(patterns=("src/**",))}),
    Section(told="A fork's, its commit not allowed", pull={"head_repository_id": _THEIRS}),
    Section(
        told=f"A fork's, its commit allowed by `{PREFIX} allow <sha>`",
        pull={"head_repository_id": _THEIRS},
        event={"approvals": (Approval(sha=_SHA, by="octocat", comment=1),)},
    ),
    Section(told="One of a repository that is not on the allow list", policy={"allow": AllowList()}),
    Section(told="Any, by the event `pull_request_target`", event={"kind": PULL_REQUEST_TARGET}),
)


def cells(row: Row, section: Section) -> tuple[str, ...]:
    """What a row comes to in each mode."""
    found = []
    for _, mode, labels in COLUMNS:
        pull = replace(_PULL, **{"labels": labels} | section.pull | row.pull)
        event = replace(_EVENT, action=row.action, label=row.label, pull_request=pull, **section.event)
        found.append(cell(decide(event, replace(_POLICY, mode=mode, **section.policy))))
    return tuple(found)


def cell(decision: Decision) -> str:
    """A decision in a word or two."""
    action = str(decision.action)
    if action == "deploy" and decision.profile == FORK:
        return f"deploy, profile {FORK}{'' if FORK in SERVED_PROFILES else ' (not yet supported)'}"
    return (
        f"{action} (not yet supported)" if action in VERBS and action not in SERVED else action.replace("ignore", "-")
    )


def tables() -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Each table: its title, its head and its rows; the later ones have only what differs from the first."""
    head = ("what happened", *(told for told, _, _ in COLUMNS))
    own = {row.told: cells(row, TEAM) for row in ROWS}
    yield TEAM.told, head, [(told, *found) for told, found in own.items()]
    for section in OTHERS:
        rows = [(row.told, *cells(row, section)) for row in ROWS if cells(row, section) != own[row.told]]
        yield section.told, head, rows
    yield (
        "Commands",
        ("comment", "does", "needs at least"),
        [
            (
                f"`{' '.join(filter(None, (PREFIX, word, verb.argument)))}`",
                verb.about + ("" if word in SERVED else f" {NOT_YET}"),
                str(verb.permission),
            )
            for word, verb in VERBS.items()
        ],
    )


INTRODUCTION = f"""# What happens when

What an event of GitHub comes to, by the mode (`trigger` of `k8s-ee.yaml`) and whose pull request it is. `-` is nothing,
and what this version does not do yet is marked `{NOT_YET}`. The label of mode `label` is called `preview` here. The
first table is about the team's own pull requests, where drafts are not deployed by themselves; each of the others has
the rows that differ from it.

- A close always destroys. It needs no file of the pull request, and no place on the allow list.
- `drafts`, `bots` and `paths` hold for what deploys by itself. A label and a comment are somebody's word, and outrank
  them.
- A commit of a fork is neither built nor deployed before somebody with permission to write has commented
  `{PREFIX} allow` with all 40 digits of it. The next push needs the next approval.
- `pull_request_target` runs beside the repository's secrets and therefore deploys nothing.
- `refuse` lets the job fail, since somebody has to change something.
"""
COMMANDS = """In every mode, a command does what it says. It is the first line of a new comment, with nothing else on
it; case does not matter, and the lines below are the author's own. Quotations, code, edited comments and bots command
nothing.

Permission is what the collaborator API says of the author. Whoever has less gets no effect and no answer. That is why
`read`, which everybody has on a public repository, is enough for nothing.
"""


def page() -> str:
    """The page."""
    parts = [INTRODUCTION]
    for title, head, rows in tables():
        lines = itertools.chain([head, tuple("---" for _ in head)], rows)
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts += [
            f"## {title}\n",
            *([COMMANDS] if title == "Commands" else []),
            f"{table}\n" if rows else "No difference.\n",
        ]
    return "\n".join(parts)
