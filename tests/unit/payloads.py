# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's payloads, with what the platform reads of them, and events made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.event import Event

SHA = "0a1b2c3d" * 5
OTHER_SHA = "f" * 40
NOON, NOON_SECONDS = "2026-01-31T12:00:00Z", 1769860800
OURS, A_FORK = 42, 99


def user(login: str = "octocat", kind: str = "User") -> dict[str, Any]:
    return {"login": login, "id": 5, "type": kind}


def repository(**changed: Any) -> dict[str, Any]:
    return {"full_name": "Acme/Shop", "id": OURS, "owner": {"login": "Acme", "id": 7}, "fork": False, **changed}


def pull(
    *,
    labels: tuple[str, ...] = (),
    sha: str = SHA,
    branch: str = "feature",
    origin: int | None = OURS,
    **changed: Any,
) -> dict[str, Any]:
    """A pull request; ``origin`` is the number of the head's repository."""
    return {
        "number": 7,
        "state": "open",
        "merged": False,
        "draft": False,
        "user": user(),
        "labels": [{"name": name} for name in labels],
        "head": {"sha": sha, "ref": branch, "repo": None if origin is None else {"id": origin, "fork": True}},
        "base": {"ref": "main", "repo": {"id": OURS}},
        "created_at": "2026-01-31T08:00:00Z",
        "updated_at": NOON,
        **changed,
    }


def pull_request(action: str = "opened", *, label: str = "", **changed: Any) -> dict[str, Any]:
    """The payload of `pull_request` and `pull_request_target`; ``changed`` is of the pull request."""
    payload = {"action": action, "number": 7, "pull_request": pull(**changed)}
    labelled = {"label": {"name": label}} if label else {}
    return {**payload, **labelled, "repository": repository(), "sender": user()}


def comment(body: str = "/preview deploy", *, author: Any = None, action: str = "created") -> dict[str, Any]:
    """The payload of `issue_comment` under a pull request."""
    return {
        "action": action,
        "issue": {"number": 7, "pull_request": {"merged_at": None}, "state": "open"},
        "comment": {"id": 1234, "body": body, "user": author or user(), "created_at": NOON},
        "repository": repository(),
        "sender": user(),
    }


def dispatch(**inputs: Any) -> dict[str, Any]:
    """The payload of `workflow_dispatch`."""
    return {"inputs": {"pr": "7", **inputs}, "ref": "refs/heads/main", "repository": repository(), "sender": user()}


def pull_event(action: str = "opened", *, kind: str = "pull_request", **changed: Any) -> Event:
    return Event.parse(kind, pull_request(action, **changed))


def comment_event(body: str, **known: Any) -> Event:
    """A comment, with what was looked up of it."""
    return replace(Event.parse("issue_comment", comment(body)), **known)
