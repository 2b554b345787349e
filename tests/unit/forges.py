# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of a forge in memory: pages, deletion, and each request counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ForgeError
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Comment

BOT = "github-actions[bot]"
PAGE = 100


class FakeForge:
    """What the core needs of a forge.

    :ivar refuse: called before each request with its name; a test's faults, by raising ForgeError.
    :ivar lose: called after each request took effect; a test's lost answers.
    :ivar asked: the name of each request, in order.
    """

    def __init__(self) -> None:
        self.remarks: dict[int, Comment] = {}
        self.statuses: list[tuple[str, str, str]] = []
        self.begun: dict[int, tuple[str, str]] = {}
        self.outcomes: list[tuple[int, str]] = []
        self.reactions: list[tuple[int, str]] = []
        self.texts: list[dict[str, str]] = []
        self.refuse: Callable[[str], None] = lambda name: None
        self.lose: Callable[[str], None] = lambda name: None
        self.asked: list[str] = []
        self._next = 100

    @property
    def requests(self) -> int:
        return len(self.asked)

    @property
    def writes(self) -> list[str]:
        """The requests that were no reading."""
        return [name for name in self.asked if name not in ("comments", "deployments", "permission", "pull")]

    @property
    def outcome(self) -> dict[int, str]:
        """The newest status of each deployment."""
        return dict(self.outcomes)

    def said(self, body: str, author: str = BOT) -> int:
        """A comment that is there already; its number."""
        self._next += 1
        self.remarks[self._next] = Comment(id=self._next, author=author, body=body, url=f"https://x/{self._next}")
        return self._next

    def comments(self, pr: int) -> Iterator[tuple[Comment, ...]]:
        listed = list(self.remarks.values())
        for start in range(0, max(len(listed), 1), PAGE):
            self._ask("comments")
            yield tuple(listed[start : start + PAGE])

    def create_comment(self, pr: int, body: str) -> Comment:
        self._ask("create_comment")
        number = self.said(body)
        self.lose("create_comment")
        return self.remarks[number]

    def edit_comment(self, comment: int, body: str) -> Comment:
        self._ask("edit_comment")
        if comment not in self.remarks:
            raise ForgeError("no such comment", status=404)
        self.remarks[comment] = replace(self.remarks[comment], body=body)
        return self.remarks[comment]

    def delete_comment(self, comment: int) -> None:
        self._ask("delete_comment")
        self.remarks.pop(comment, None)

    def react(self, comment: int, reaction: str) -> None:
        self._ask("react")
        self.reactions.append((comment, reaction))

    def set_status(self, sha: str, *, state: str, context: str, description: str, url: str) -> None:
        self._ask("set_status")
        self.statuses.append((sha, context, state))
        self.texts.append({"description": description, "url": url})

    def create_deployment(self, sha: str, *, task: str, description: str) -> int:
        self._ask("create_deployment")
        self._next += 1
        self.begun[self._next] = (sha, task)
        self.lose("create_deployment")
        return self._next

    def deployments(self, *, task: str, sha: str = "") -> tuple[int, ...]:
        self._ask("deployments")
        found = [n for n, (of, name) in self.begun.items() if name == task and sha in ("", of)]
        return tuple(reversed(found))

    def set_deployment(self, deployment: int, *, state: str, description: str, url: str, log_url: str) -> None:
        self._ask("set_deployment")
        self.outcomes.append((deployment, state))
        self.texts.append({"description": description, "url": url, "log_url": log_url})

    def permission(self, login: str) -> Mapping[str, Any]:
        self._ask("permission")
        return {}

    def pull(self, pr: int) -> Mapping[str, Any]:
        self._ask("pull")
        return {}

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        self.refuse(name)


def away(message: str = "GitHub is away") -> ForgeError:
    """What a request says that had surely no effect, since GitHub is away."""
    return ForgeError(message, status=503, passing=True)


def unanswered() -> ForgeError:
    """What a request says that may have had its effect."""
    return ForgeError("no answer in time", passing=True, unsure=True)


def forbidden() -> ForgeError:
    """What a request says that this token may not make."""
    return ForgeError("the token may not; let it have `permissions: deployments: write`", status=403)
