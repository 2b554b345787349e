# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository on GitHub: what the core asks of a forge, as requests of GitHub's REST API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from .errors import ForgeError, RefusedError
from .ports import Comment

ENVIRONMENT = "preview"
_PAGE = 100
_MOST_PAGES = 25  # GitHub takes 2,500 comments
_DESCRIPTION = 140  # characters that a commit status shows
_NAME = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,100}")


class Api(Protocol):
    """GitHub's REST API.

    :ivar requests: how many were sent.
    """

    requests: int

    def ask(
        self,
        method: str,
        path: str,
        *,
        purpose: str,
        right: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> tuple[Mapping[str, str], Any]:
        """Headers, by their names in lower case, and the JSON of an answer below 400.

        :param purpose: what for, in words that go on after "to".
        :param right: the permission of a workflow that it takes.
        :param repeatable: whether doing it twice is as good as once; what is not repeatable is tried again only where
            it surely had no effect.
        :raises ForgeError: where GitHub refuses, or stays away for longer than our patience.
        """


class GitHubRepository:
    """One repository.

    :param name: ``owner/name``.
    :raises RefusedError: where it is none.
    """

    def __init__(self, api: Api, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise RefusedError(f"pr_repository {name[:80]!r} is not a repository; give owner/name")
        self._api = api
        self._root = f"/repos/{name}"

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._api.requests

    def comments(self, pr: int) -> Iterator[tuple[Comment, ...]]:
        """The comments of a pull request, oldest first, a page at a time; a page costs one request."""
        for page in range(1, _MOST_PAGES + 1):
            headers, items = self._api.ask(
                "GET",
                f"{self._root}/issues/{pr}/comments",
                query={"per_page": _PAGE, "page": page},
                purpose=f"read the comments of pull request {pr}",
                right="pull-requests: read",
            )
            yield tuple(_comment(item) for item in _list(items))
            if 'rel="next"' not in headers.get("link", ""):
                return

    def create_comment(self, pr: int, body: str) -> Comment:
        """Write a comment; never tried again by itself where it may have taken effect."""
        _, item = self._api.ask(
            "POST",
            f"{self._root}/issues/{pr}/comments",
            body={"body": body},
            purpose=f"comment on pull request {pr}",
            right="pull-requests: write",
        )
        return _comment(_one(item))

    def edit_comment(self, comment: int, body: str) -> Comment:
        """Replace a comment's text; status 404 where somebody deleted it."""
        _, item = self._api.ask(
            "PATCH",
            f"{self._root}/issues/comments/{comment}",
            body={"body": body},
            purpose=f"edit comment {comment}",
            right="pull-requests: write",
        )
        return _comment(_one(item))

    def delete_comment(self, comment: int) -> None:
        """Take a comment away; nothing where it is gone."""
        try:
            self._api.ask(
                "DELETE",
                f"{self._root}/issues/comments/{comment}",
                purpose=f"delete comment {comment}",
                right="pull-requests: write",
            )
        except ForgeError as error:
            if error.status != 404:
                raise

    def react(self, comment: int, reaction: str) -> None:
        """Put a reaction, such as ``eyes``, under a comment; nothing where it is there."""
        self._api.ask(
            "POST",
            f"{self._root}/issues/comments/{comment}/reactions",
            body={"content": reaction},
            purpose=f"react to comment {comment}",
            right="pull-requests: write",
            repeatable=True,
        )

    def set_status(self, sha: str, *, state: str, context: str, description: str, url: str) -> None:
        """Put a status on a commit: ``pending``, ``success``, ``failure`` or ``error``."""
        body = {"state": state, "context": context, "description": description[:_DESCRIPTION]}
        self._api.ask(
            "POST",
            f"{self._root}/statuses/{sha}",
            body=body | ({"target_url": url} if url else {}),
            purpose=f"put a status on commit {sha[:7]}",
            right="statuses: write",
            repeatable=True,
        )

    def create_deployment(self, sha: str, *, task: str, description: str) -> int:
        """Begin a transient deployment of a commit; its number. Not tried again where it may have taken effect."""
        _, item = self._api.ask(
            "POST",
            f"{self._root}/deployments",
            body={
                "ref": sha,
                "task": task,
                "description": description[:_DESCRIPTION],
                "environment": ENVIRONMENT,
                "transient_environment": True,
                "production_environment": False,
                "auto_merge": False,
                "required_contexts": [],
            },
            purpose=f"begin a deployment of commit {sha[:7]}",
            right="deployments: write",
        )
        return int(_one(item)["id"])

    def deployments(self, *, task: str, sha: str = "") -> tuple[int, ...]:
        """The newest deployments of a task, newest first."""
        wanted = {"environment": ENVIRONMENT, "task": task, "per_page": 10}
        _, items = self._api.ask(
            "GET",
            f"{self._root}/deployments",
            query=wanted | ({"sha": sha} if sha else {}),
            purpose="read the deployments",
            right="deployments: read",
        )
        return tuple(int(item["id"]) for item in _list(items))

    def set_deployment(self, deployment: int, *, state: str, description: str, url: str, log_url: str) -> None:
        """Put a status on a deployment: ``success``, ``failure``, ``error`` or ``inactive``."""
        links = {"environment_url": url, "log_url": log_url}
        self._api.ask(
            "POST",
            f"{self._root}/deployments/{deployment}/statuses",
            body={
                "state": state,
                "description": description[:_DESCRIPTION],
                "auto_inactive": False,
                **{name: link for name, link in links.items() if link},
            },
            purpose=f"put a status on deployment {deployment}",
            right="deployments: write",
            repeatable=True,
        )

    def permission(self, login: str) -> Mapping[str, Any]:
        """What somebody may do in the repository, as GitHub answers; empty for nobody it knows."""
        path = f"{self._root}/collaborators/{quote(login, safe='')}/permission"
        try:
            _, answer = self._api.ask("GET", path, purpose=f"ask for the permission of {login}", right="metadata: read")
        except ForgeError as error:
            if error.status == 404:
                return {}
            raise
        return _one(answer, key="permission")

    def pull(self, pr: int) -> Mapping[str, Any]:
        """A pull request, as GitHub answers."""
        _, answer = self._api.ask(
            "GET", f"{self._root}/pulls/{pr}", purpose=f"read pull request {pr}", right="pull-requests: read"
        )
        return _one(answer)


def _comment(item: Mapping[str, Any]) -> Comment:
    author = (item.get("user") or {}).get("login") or ""
    return Comment(id=int(item["id"]), author=author, body=item.get("body") or "", url=item.get("html_url") or "")


def _one(answer: Any, key: str = "id") -> Mapping[str, Any]:
    if isinstance(answer, dict) and key in answer:
        return answer
    raise _strange()


def _list(answer: Any) -> list[Mapping[str, Any]]:
    if isinstance(answer, list) and all(isinstance(item, dict) and "id" in item for item in answer):
        return answer
    raise _strange()


def _strange() -> ForgeError:
    return ForgeError("what answers is not GitHub's API, or the repository has moved; check api_url and pr_repository")
