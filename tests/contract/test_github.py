# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of the adapter is one that GitHub describes; a server that holds the description says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ForgeError
from ansible_collections.ephemeral.k8s.plugins.module_utils.forge import GitHubApi
from ansible_collections.ephemeral.k8s.plugins.module_utils.marker import Marker
from ansible_collections.ephemeral.k8s.plugins.module_utils.pull_request import publish
from ansible_collections.ephemeral.k8s.plugins.module_utils.repository import GitHubRepository
from ansible_collections.ephemeral.k8s.plugins.module_utils.sticky import Sticky
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State
from tests.unit.forges import BOT
from tests.unit.views import NEWER, SHA, URL, VIEWS, view

from .conftest import PATHS, Prism
from .description import parameters, template

REACTIONS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
SHOP = "/repos/acme/shop"


class Watched(GitHubApi):
    """The adapter, with what it asked for."""

    asked: list[tuple[str, str, frozenset[str]]]

    def ask(self, method: str, path: str, **more: Any) -> tuple[Mapping[str, str], Any]:
        """Remember, then ask."""
        self.asked.append((method, path, frozenset(more.get("query") or ())))
        return super().ask(method, path, **more)


@pytest.fixture
def api(prism: Prism, description: dict[str, Any]) -> Iterator[Watched]:
    """The adapter; afterwards every name in a query must be one that GitHub knows."""
    watched = Watched(token="ghs_contract", api_url=prism.url, clock=SystemClock(), patience_seconds=0)
    watched.asked = []
    yield watched
    for method, path, query in watched.asked:
        assert query <= parameters(description, method, path), f"{method} {path}"


@pytest.fixture
def shop(api: Watched) -> GitHubRepository:
    return GitHubRepository(api, "acme/shop")


CALLS: dict[str, Callable[[GitHubRepository], object]] = {
    "comments": lambda shop: next(shop.comments(7)),
    "create_comment": lambda shop: shop.create_comment(7, "text"),
    "edit_comment": lambda shop: shop.edit_comment(5, "text"),
    "delete_comment": lambda shop: shop.delete_comment(5),
    "create_deployment": lambda shop: shop.create_deployment(SHA, task="deploy:pr-7", description="shop-pr-7"),
    "deployments": lambda shop: shop.deployments(task="deploy:pr-7"),
    "deployments of a commit": lambda shop: shop.deployments(task="deploy:pr-7", sha=SHA),
    "permission": lambda shop: shop.permission("ada"),
    "pull": lambda shop: shop.pull(7),
    **{f"react {each}": lambda shop, each=each: shop.react(5, each) for each in REACTIONS},
    **{
        f"status {each}": lambda shop, each=each: shop.set_status(
            SHA, state=each, context="preview", description="x" * 300, url=URL
        )
        for each in ("pending", "success", "failure", "error")
    },
    **{
        f"deployment {each}": lambda shop, each=each: shop.set_deployment(
            42, state=each, description="x" * 300, url=URL, log_url=URL
        )
        for each in ("success", "failure", "error", "inactive")
    },
}


@pytest.mark.parametrize("name", CALLS)
def test_github_describes_every_call(shop: GitHubRepository, name: str) -> None:
    CALLS[name](shop)
    assert shop.requests == 1


def test_every_path_that_is_kept_is_used(api: Watched, shop: GitHubRepository, description: dict[str, Any]) -> None:
    for call in CALLS.values():
        call(shop)
    assert {template(description, path) for _, path, _ in api.asked} == set(PATHS)


@pytest.mark.parametrize("name", VIEWS)
def test_every_state_is_told_by_requests_that_github_takes(shop: GitHubRepository, name: str) -> None:
    before = Marker(environment="shop-pr-7", sequence=1, commit=NEWER, state=State.READY, deployment=41)
    building = publish(shop, view(State.BUILDING), authors=[BOT], previous=Sticky(id=5, marker=before))
    assert building.comment is not None
    assert building.refused == publish(shop, VIEWS[name], authors=[BOT], previous=building.comment).refused == ()


# What a wrong request comes to: the tests above can fail


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{SHOP}/issues/seven/comments", None),
        ("GET", f"{SHOP}/comments", None),
        ("PUT", f"{SHOP}/issues/comments/5", {"body": "text"}),
        ("POST", f"{SHOP}/issues/7/comments", {}),
        ("POST", f"{SHOP}/issues/7/comments", {"body": 1}),
        ("POST", f"{SHOP}/issues/7/comments", {"body": "text", "sticky": True}),
        ("POST", f"{SHOP}/issues/comments/5/reactions", {"content": "thumbsup"}),
        ("POST", f"{SHOP}/statuses/{SHA}", {"state": "in_progress"}),
        ("POST", f"{SHOP}/deployments", {"environment": "preview"}),
        ("POST", f"{SHOP}/deployments", {"ref": SHA, "transient": True}),
        ("POST", f"{SHOP}/deployments", {"ref": SHA, "required_contexts": "none"}),
        ("POST", f"{SHOP}/deployments/42/statuses", {"state": "active"}),
        ("POST", f"{SHOP}/deployments/42/statuses", {"state": "success", "logs_url": URL}),
    ],
)
def test_a_request_that_github_does_not_describe_is_refused(
    api: Watched, method: str, path: str, body: dict[str, Any] | None
) -> None:
    with pytest.raises(ForgeError) as failure:
        GitHubApi.ask(api, method, path, body=body, purpose="be wrong", right="x: y")
    assert failure.value.status in (404, 405, 422)


def test_a_name_in_a_query_that_github_does_not_know_is_noticed(description: dict[str, Any]) -> None:
    known = parameters(description, "GET", f"{SHOP}/deployments")
    assert {"sha", "task", "environment", "per_page"} <= known
    assert "commit" not in known
    with pytest.raises(LookupError):
        parameters(description, "POST", f"{SHOP}/pulls/7")
