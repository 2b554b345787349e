# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's refusals in one line each: what, why, what next; never a token."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.forge_refusals import explain, unreachable

SECRET = "ghp_" + "a1B2" * 9


def told(status: int, message: str = "") -> str:
    return str(explain(status, message, host="api.github.com", purpose="comment on pull request 7", right="x: write"))


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (401, "Bad credentials", "the token is expired or wrong"),
        (403, "Resource not accessible by integration", "let the workflow's token have `permissions: x: write`"),
        (403, "You have exceeded a secondary rate limit", "GitHub throttles this token"),
        (429, "", "GitHub throttles this token"),
        (404, "Not Found", "check pr_repository and the number"),
        (410, "Issues are disabled", "check pr_repository and the number"),
        (422, "Validation Failed; body is too long", "show this message to the platform's maintainer"),
        (406, "", "show this message to the platform's maintainer"),
        (502, "", "GitHub fails; the report is delivered later"),
    ],
)
def test_each_says_what_why_and_what_next(status: int, message: str, hint: str) -> None:
    line = told(status, message)
    assert line.startswith(f"api.github.com does not let us comment on pull request 7: {status}")
    assert message in line
    assert hint in line
    assert "\n" not in line
    assert explain(status, message, host="", purpose="", right="").status == status


def test_no_secret_and_no_flood_of_words_is_told() -> None:
    assert SECRET not in told(403, f"token {SECRET} is wrong")
    assert len(told(422, "x" * 5000)) < 400
    assert "\n" not in told(422, "a\n\nb")


def test_without_an_answer_only_its_kind_is_told() -> None:
    error = ConnectionError(f"https://u:{SECRET}@api.github.com")
    line = str(unreachable(error, host="api.github.com", purpose="read the deployments"))
    assert line.startswith("api.github.com does not let us read the deployments: it cannot be reached; ")
    assert SECRET not in line
    assert "does not answer in time" in str(unreachable(TimeoutError(), host="x", purpose="y"))
