# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pull request, its repository and the people around it, as GitHub writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .names import pr_number
from .payload import Payload

SHA_DIGITS: Final = 40

_FULL_NAME: Final = r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}"
_SHA: Final = rf"[0-9a-f]{{{SHA_DIGITS}}}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who did something.

    :param login: empty where the account is deleted.
    """

    login: str
    is_bot: bool = False

    @classmethod
    def parse(cls, user: Payload | None) -> Account:
        """From GitHub's ``user`` or ``sender``. Only GitHub marks a bot: whoever is named like one is a person."""
        if user is None:
            return cls(login="")
        return cls(login=user.text("login"), is_bot=user.text("type", default="User") == "Bot")


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The repository whose pull request it is; a fork's own is only a number in ``PullRequest``.

    :param name: ``owner/name``; it changes when either is renamed, the numbers do not.
    """

    name: str
    id: int
    owner_id: int

    @classmethod
    def parse(cls, repository: Payload) -> Repository:
        """From GitHub's ``repository``.

        :raises RefusedError: where it is malformed.
        """
        return cls(
            name=repository.text("full_name", pattern=_FULL_NAME, rule="owner/name"),
            id=repository.number("id"),
            owner_id=repository.inside("owner").number("id"),
        )


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request as it was when GitHub wrote it down.

    :param sha: the head's commit, 40 hexadecimal digits.
    :param branch: the head's, as its author named it; any text.
    :param head_repository_id: None where the head's repository is deleted.
    :param updated: seconds.
    """

    number: int
    is_open: bool
    is_merged: bool
    is_draft: bool
    author: Account
    labels: tuple[str, ...]
    sha: str
    branch: str
    repository_id: int
    head_repository_id: int | None
    updated: int

    @classmethod
    def parse(cls, pull: Payload) -> PullRequest:
        """From GitHub's ``pull_request``, of an event or of the API.

        :raises RefusedError: where it is malformed.
        """
        head, base = pull.inside("head"), pull.inside("base")
        origin = head.maybe("repo")
        return cls(
            number=pr_number(str(pull.number("number"))),
            is_open=pull.text("state", pattern="open|closed", rule="open or closed") == "open",
            is_merged=pull.flag("merged"),
            is_draft=pull.flag("draft"),
            author=Account.parse(pull.maybe("user")),
            labels=tuple(label.text("name") for label in pull.each("labels")),
            sha=head.text("sha", pattern=_SHA, rule="40 hexadecimal digits"),
            branch=head.text("ref"),
            repository_id=base.inside("repo").number("id"),
            head_repository_id=origin.number("id") if origin else None,
            updated=pull.seconds("updated_at"),
        )

    @property
    def is_fork(self) -> bool:
        """Whether the head is of another repository. One that is deleted was: ours is there.

        GitHub's flag ``fork`` says something else: that the repository itself was forked from another.
        """
        return self.head_repository_id != self.repository_id
