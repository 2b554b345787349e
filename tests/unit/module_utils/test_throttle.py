# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long GitHub wants to be left alone."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.throttle import pause

NOW = 1764000000.0
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "7"}, SECONDARY, 7.0),
        ({"retry-after": "0"}, "", 0.0),
        ({"retry-after": "3", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000100"}, "", 3.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000100"}, "API rate limit exceeded", 100.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1763999000"}, "API rate limit exceeded", 1.0),
        ({"x-ratelimit-remaining": "9", "x-ratelimit-reset": "1764000100"}, SECONDARY, 60.0),
        ({"x-ratelimit-remaining": "0"}, SECONDARY, 60.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, SECONDARY, 60.0),
    ],
)
def test_a_limit_names_its_time(status: int, headers: dict[str, str], message: str, seconds: float) -> None:
    assert pause(status, headers, message, tries=1, now=NOW) == seconds


def test_a_limit_without_words_is_a_limit_all_the_same() -> None:
    assert pause(429, {}, "", tries=1, now=NOW) == 60.0


@pytest.mark.parametrize("status", [400, 401, 404, 409, 410, 422])
def test_a_refusal_is_not_worth_a_second_try(status: int) -> None:
    assert pause(status, {"retry-after": "1"}, "", tries=1, now=NOW) is None


def test_a_lack_of_rights_is_no_limit() -> None:
    headers = {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1764000100"}
    assert pause(403, headers, "Resource not accessible by integration", tries=1, now=NOW) is None


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
def test_one_who_is_away_is_asked_less_and_less_often(status: int) -> None:
    assert [pause(status, {}, "", tries=tries, now=NOW) for tries in (1, 2, 3, 9)] == [1.0, 2.0, 4.0, 30.0]
