# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against a real server: when one is tried again, for how long, and what never shows."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ForgeError, RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.forge import GitHubApi, connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.marker import Marker
from ansible_collections.ephemeral.k8s.plugins.module_utils.pull_request import publish
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State
from tests.unit.fakes import FakeClock
from tests.unit.forges import BOT
from tests.unit.servers import Respond, Server, drops, says
from tests.unit.views import NEWER, SHA, URL, view

SECRET = "ghs_" + "a1B2" * 9
COMMENT = {"id": 5, "url": "https://x/api/5", "body": "hi", "user": {"login": "ada"}, "html_url": "https://x/5"}
LIMIT = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


@pytest.fixture
def api(server: Server, clock: FakeClock) -> GitHubApi:
    return GitHubApi(token=SECRET, api_url=server.url, clock=clock, patience_seconds=20.0)


def ask(api: GitHubApi, method: str = "GET", **more: Any) -> Any:
    return api.ask(method, "/repos/acme/shop", purpose="look", right="metadata: read", **more)[1]


def test_a_request_says_who_asks_and_what_it_takes(api: GitHubApi, server: Server) -> None:
    ask(api, "POST", body={"a": 1}, query={"page": 2})
    asked = server.last
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/repos/acme/shop", {"page": "2"}, {"a": 1})
    assert headers["authorization"] == f"token {SECRET}"
    assert headers["x-github-api-version"] == "2022-11-28"
    assert headers["accept"] == "application/vnd.github+json, application/json"
    assert headers["user-agent"] == "ephemeral.k8s"


def test_an_enterprise_server_has_its_api_below_a_path(server: Server, clock: FakeClock) -> None:
    ask(GitHubApi(token=SECRET, api_url=f"{server.url}/api/v3/", clock=clock, patience_seconds=0))
    assert server.last.path == "/api/v3/repos/acme/shop"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_refusal_is_not_repeated(api: GitHubApi, server: Server, clock: FakeClock, status: int) -> None:
    server.answers = [says({"message": "no", "errors": [{"code": "invalid"}, "why"]}, status)]
    with pytest.raises(ForgeError) as failure:
        ask(api)
    assert (failure.value.status, failure.value.passing, failure.value.unsure) == (status, False, False)
    assert "no; invalid; why" in str(failure.value)
    assert (len(server.asked), api.requests, clock.seconds) == (1, 1, 1000.0)


@pytest.mark.parametrize("trouble", [drops, *(says("", status) for status in (500, 502, 503, 504))])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_one_that_fails_or_is_away_is_asked_again(
    api: GitHubApi, server: Server, clock: FakeClock, trouble: Respond, method: str
) -> None:
    server.answers = [trouble, trouble, says(COMMENT)]
    assert ask(api, method) == COMMENT
    assert (api.requests, clock.seconds) == (3, 1003.0)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_throttle_is_sat_out_for_as_long_as_it_says(
    api: GitHubApi, server: Server, clock: FakeClock, status: int, method: str
) -> None:
    server.answers = [says(LIMIT, status, Retry_After="7"), says(COMMENT)]
    assert ask(api, method) == COMMENT
    assert clock.seconds == 1007.0


def test_the_reset_of_a_limit_is_waited_for(api: GitHubApi, server: Server, clock: FakeClock) -> None:
    reset = str(int(clock.now().timestamp()) + 11)
    server.answers = [says(LIMIT, 403, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset), says(COMMENT)]
    ask(api)
    assert clock.seconds == 1011.0


def test_patience_is_one_for_all_requests_together(api: GitHubApi, server: Server, clock: FakeClock) -> None:
    throttled = says(LIMIT, 429, Retry_After="8")
    server.answers = [throttled, says(COMMENT), throttled, says(COMMENT), throttled]
    ask(api)
    ask(api)
    with pytest.raises(ForgeError) as failure:
        ask(api)
    assert (failure.value.passing, failure.value.unsure) == (True, False)
    assert (api.requests, clock.seconds) == (5, 1016.0)


def test_a_wait_longer_than_our_patience_is_not_begun(api: GitHubApi, server: Server, clock: FakeClock) -> None:
    server.answers = [says(LIMIT, 403)]
    with pytest.raises(ForgeError, match="GitHub throttles this token"):
        ask(api)
    assert clock.seconds == 1000.0


@pytest.mark.parametrize("trouble", [drops, says("", 502)])
def test_what_may_have_taken_effect_is_not_repeated_unless_that_is_harmless(
    api: GitHubApi, server: Server, trouble: Respond
) -> None:
    server.answers = [trouble]
    with pytest.raises(ForgeError) as failure:
        ask(api, "POST")
    assert (failure.value.passing, failure.value.unsure, api.requests) == (True, True, 1)
    server.answers = [trouble, says(COMMENT)]
    assert ask(api, "POST", repeatable=True) == COMMENT


def test_a_redirect_to_another_host_is_not_followed(api: GitHubApi, server: Server) -> None:
    server.answers = [says("", 301, Location="https://evil.example/")]
    with pytest.raises(ForgeError, match="cannot be reached"):
        ask(api, "POST")
    assert len(server.asked) == 1


@pytest.mark.parametrize("trouble", [drops, says(LIMIT, 403), says({"message": SECRET}, 422), says("<html>", 502)])
def test_the_token_is_in_no_error_and_in_no_log(
    api: GitHubApi, server: Server, caplog: pytest.LogCaptureFixture, trouble: Respond
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [trouble] * 9
    with pytest.raises(ForgeError) as failure:
        ask(api)
    error: BaseException | None = failure.value
    assert SECRET not in str(error)
    assert error is not None
    assert error.__cause__ is None
    assert SECRET not in caplog.text.replace(f'"message": "{SECRET}"', "")


@pytest.mark.parametrize("token", ["", "two words", "line\nfeed", "\u00e4", "nul\0"])
def test_what_is_no_token_is_refused_unseen(clock: FakeClock, token: str) -> None:
    with pytest.raises(RefusedError) as failure:
        connect("acme/shop", token=token, api_url="https://api.github.com", clock=clock, patience_seconds=0)
    assert not token or token not in str(failure.value)


@pytest.mark.parametrize(
    "url",
    ["", "api.github.com", "http://api.github.com", "ftp://x/", "https://", f"https://u:{SECRET}@x/", "https://x:y/"],
)
def test_a_token_is_not_sent_to_just_any_address(clock: FakeClock, url: str) -> None:
    with pytest.raises(RefusedError) as failure:
        GitHubApi(token=SECRET, api_url=url, clock=clock, patience_seconds=0)
    assert SECRET not in str(failure.value)
    assert "https://<host>/api/v3" in str(failure.value)


def test_connecting_asks_nothing(server: Server, clock: FakeClock) -> None:
    repository = connect("acme/shop", token=SECRET, api_url=server.url, clock=clock, patience_seconds=0)
    assert (server.asked, repository.requests) == ([], 0)
    server.answers = [says(COMMENT)]
    assert repository.edit_comment(5, "hi").author == "ada"
    assert repository.requests == 1


def test_a_deploy_by_command_is_twelve_requests_on_the_wire(server: Server, clock: FakeClock) -> None:
    shop = connect("acme/shop", token=SECRET, api_url=server.url, clock=clock, patience_seconds=20.0)
    before = Marker(environment="shop-pr-7", sequence=1, commit=SHA, state=State.READY, deployment=41)
    ours = COMMENT | {"body": f"{before.line()}\nready", "user": {"login": BOT}}
    server.answers = [
        *(says({}, 201), says({"permission": "write"}), says({"id": 7})),
        *(says([ours]), says({}, 201), says({"id": 42}, 201), says(ours)),
        says(ours),
        *(says({}, 201), says({"id": 1}, 201), says({"id": 2}, 201), says(ours)),
    ]
    shop.react(9, "eyes")
    shop.permission("ada")
    shop.pull(7)
    previous = None
    for state in (State.BUILDING, State.DEPLOYING, State.READY):
        previous = publish(shop, view(state, commit=NEWER, url=URL), authors=[BOT], previous=previous).comment
    assert len(server.asked) == shop.requests == 12
    assert server.answers == []
    assert [
        (asked.path.split("/", 4)[4], asked.body["state"]) for asked in server.asked if "state" in (asked.body or {})
    ] == [
        (f"statuses/{NEWER}", "pending"),
        (f"statuses/{NEWER}", "success"),
        ("deployments/42/statuses", "success"),
        ("deployments/41/statuses", "inactive"),
    ]
