# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core asks of a forge, as requests; tests/contract compares them with GitHub's own description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ForgeError, RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Comment
from ansible_collections.ephemeral.k8s.plugins.module_utils.repository import GitHubRepository
from tests.unit.views import SHA

NEXT = {"link": '<https://api.github.com/x?page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last"'}
REMARK = {"id": 5, "body": "hi", "user": {"login": "ada"}, "html_url": "https://x/5"}


class Script:
    """An API that answers in turn and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        self.repeatable: list[bool] = []

    @property
    def requests(self) -> int:
        return len(self.asked)

    def ask(self, method: str, path: str, *, purpose: str, right: str, **more: Any) -> tuple[Mapping[str, str], Any]:
        assert ": " in right
        assert purpose
        self.repeatable.append(more.pop("repeatable", False))
        self.asked.append((method, path.removeprefix("/repos/acme/shop"), more.get("query") or more.get("body") or {}))
        answer = self.answers.pop(0)
        if isinstance(answer, ForgeError):
            raise answer
        return answer if isinstance(answer, tuple) else ({}, answer)


def repository(*answers: Any) -> tuple[GitHubRepository, Script]:
    script = Script(*answers)
    return GitHubRepository(script, "acme/shop"), script


def test_comments_come_page_by_page_as_long_as_there_is_a_next_one() -> None:
    shop, script = repository((NEXT, [REMARK]), (NEXT, [REMARK]), [REMARK])
    assert [len(page) for page in shop.comments(7)] == [1, 1, 1]
    assert script.asked == [("GET", "/issues/7/comments", {"per_page": 100, "page": page}) for page in (1, 2, 3)]


def test_no_page_is_asked_for_before_it_is_wanted() -> None:
    shop, script = repository((NEXT, [REMARK]))
    assert next(shop.comments(7)) == (Comment(id=5, author="ada", body="hi", url="https://x/5"),)
    assert script.requests == shop.requests == 1


def test_a_list_without_an_end_has_one() -> None:
    shop, _ = repository(*[(NEXT, [REMARK])] * 25)
    assert len(list(shop.comments(7))) == 25


def test_a_comment_of_a_deleted_account_has_no_author() -> None:
    shop, _ = repository([{"id": 5, "body": None, "user": None}])
    assert list(shop.comments(7)) == [(Comment(id=5, author="", body=""),)]


@pytest.mark.parametrize(("name", "repeatable"), [("create_comment", False), ("edit_comment", False)])
def test_a_comment_is_written_and_edited(name: str, repeatable: bool) -> None:
    shop, script = repository(REMARK)
    assert getattr(shop, name)(7, "hi").id == 5
    assert script.asked[0][2] == {"body": "hi"}
    assert script.repeatable == [repeatable]


def test_deleting_a_comment_that_is_gone_is_done_and_one_that_may_not_be_is_told() -> None:
    shop, _ = repository(ForgeError("gone", status=404), ForgeError("no", status=403), None)
    shop.delete_comment(5)
    with pytest.raises(ForgeError, match="no"):
        shop.delete_comment(5)
    shop.delete_comment(5)


def test_a_status_carries_no_empty_address_and_no_long_description() -> None:
    shop, script = repository({}, {})
    shop.set_status(SHA, state="pending", context="preview/shop", description="x" * 300, url="")
    shop.set_status(SHA, state="success", context="preview/shop", description="ready", url="https://x")
    assert script.asked[0][2] == {"state": "pending", "context": "preview/shop", "description": "x" * 140}
    assert script.asked[1][1:] == (
        f"/statuses/{SHA}",
        {"state": "success", "context": "preview/shop", "description": "ready", "target_url": "https://x"},
    )
    assert script.repeatable == [True, True]


def test_a_deployment_is_transient_under_the_one_environment_and_waits_for_nothing() -> None:
    shop, script = repository({"id": 42})
    assert shop.create_deployment(SHA, task="deploy:shop-pr-7", description="shop-pr-7") == 42
    assert script.asked == [
        (
            "POST",
            "/deployments",
            {
                "ref": SHA,
                "task": "deploy:shop-pr-7",
                "description": "shop-pr-7",
                "environment": "preview",
                "transient_environment": True,
                "production_environment": False,
                "auto_merge": False,
                "required_contexts": [],
            },
        )
    ]
    assert script.repeatable == [False]


def test_a_deployments_status_leaves_those_of_other_pull_requests_alone() -> None:
    shop, script = repository({"id": 1}, {"id": 2})
    shop.set_deployment(42, state="success", description="ready", url="https://u", log_url="https://l")
    shop.set_deployment(42, state="inactive", description="gone", url="", log_url="")
    told = {"state": "success", "description": "ready", "environment_url": "https://u", "log_url": "https://l"}
    assert script.asked[0][2] == {**told, "auto_inactive": False}
    assert script.asked[1][2] == {"state": "inactive", "description": "gone", "auto_inactive": False}


def test_deployments_are_those_of_one_task_and_if_wanted_of_one_commit() -> None:
    shop, script = repository([{"id": 2}, {"id": 1}], [])
    assert shop.deployments(task="deploy:shop-pr-7") == (2, 1)
    assert shop.deployments(task="deploy:shop-pr-7", sha=SHA) == ()
    wanted = {"environment": "preview", "task": "deploy:shop-pr-7", "per_page": 10}
    assert [query for _, _, query in script.asked] == [wanted, {**wanted, "sha": SHA}]


def test_a_reaction_put_twice_is_one() -> None:
    shop, script = repository({"id": 1})
    shop.react(5, "eyes")
    assert script.asked == [("POST", "/issues/comments/5/reactions", {"content": "eyes"})]
    assert script.repeatable == [True]


def test_nobody_may_anything_and_a_name_is_no_path() -> None:
    answer = {"permission": "write", "role_name": "maintain"}
    shop, script = repository(answer, ForgeError("no such user", status=404), ForgeError("away", status=502))
    assert shop.permission("ada") == answer
    assert shop.permission("../../x") == {}
    assert script.asked[1][1] == "/collaborators/..%2F..%2Fx/permission"
    with pytest.raises(ForgeError, match="away"):
        shop.permission("ada")


def test_a_pull_request_is_given_as_it_is() -> None:
    shop, script = repository({"id": 1, "number": 7})
    assert shop.pull(7) == {"id": 1, "number": 7}
    assert script.asked == [("GET", "/pulls/7", {})]


@pytest.mark.parametrize("answer", [None, [], "<html>", {"message": "Moved Permanently"}, {"data": "<html>"}])
def test_what_is_no_answer_of_github_is_not_taken_for_one(answer: Any) -> None:
    calls = [
        lambda shop: shop.create_comment(7, "x"),
        lambda shop: shop.create_deployment(SHA, task="", description=""),
        lambda shop: shop.permission("ada"),
        lambda shop: shop.pull(7),
    ]
    for call in calls:
        with pytest.raises(ForgeError, match="not GitHub's API"):
            call(repository(answer)[0])
    if answer != []:
        with pytest.raises(ForgeError, match="not GitHub's API"):
            list(repository(answer)[0].comments(7))


@pytest.mark.parametrize("name", ["", "acme", "acme/shop/x", "acme/..", "a b/c", "acme/shop\n", "../x", "acme/{{ x }}"])
def test_what_names_no_repository_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="give owner/name"):
        GitHubRepository(Script(), name)
