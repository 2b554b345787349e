# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub's refusals mean, and what to do about them: one line each. A token is in none of them."""

from __future__ import annotations

from .errors import ForgeError
from .redaction import redact

_MOST = 200


def explain(status: int, message: str, *, host: str, purpose: str, right: str) -> ForgeError:
    """The error for an answer of 400 and above.

    :param message: GitHub's own words.
    :param purpose: what the request was for, in words that go on after "to".
    :param right: the permission of a workflow that it takes.
    """
    said = " ".join(redact(message).split())[:_MOST]
    told = f"{host} does not let us {purpose}: {status}{f' {said}' if said else ''}"
    match status:
        case 401:
            hint = "the token is expired or wrong; give the workflow's GITHUB_TOKEN, or a new one of the App"
        case 403 | 429 if "rate limit" in said.lower() or status == 429:
            hint = "GitHub throttles this token; the report is delivered later"
        case 403:
            hint = f"let the workflow's token have `permissions: {right}`"
        case 404 | 410:
            hint = "check pr_repository and the number, and that the token is for this repository"
        case _ if status >= 500:
            hint = "GitHub fails; the report is delivered later"
        case _:
            hint = "show this message to the platform's maintainer"
    return ForgeError(f"{told}; {hint}", status=status)


def unreachable(error: Exception, *, host: str, purpose: str) -> ForgeError:
    """The error for a request without an answer; its own text may hold addresses, so only its kind is told."""
    kind = "it does not answer in time" if "timeout" in type(error).__name__.lower() else "it cannot be reached"
    return ForgeError(
        f"{host} does not let us {purpose}: {kind}; check api_url, proxy and https://www.githubstatus.com"
    )
