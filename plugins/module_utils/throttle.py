# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When GitHub asks to wait, and for how long.

The rules are GitHub's own: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping

# Where a secondary limit names no time, GitHub asks for a minute at least.
_UNNAMED_SECONDS = 60.0
_LONGEST_SECONDS = 30.0


def pause(status: int, headers: Mapping[str, str], message: str, *, tries: int, now: float) -> float | None:
    """Seconds to wait before asking again; None where asking again changes nothing.

    :param status: HTTP status; 0 where no answer came.
    :param headers: of the answer, by their names in lower case.
    :param message: GitHub's own words.
    :param tries: how often it has been asked already, from 1.
    :param now: seconds since 1970, which ``x-ratelimit-reset`` counts in.
    """
    if status == 0 or status >= 500:
        return min(2.0 ** (tries - 1), _LONGEST_SECONDS)
    if status not in (403, 429):
        return None
    if (after := headers.get("retry-after", "")).isdigit():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - now, 1.0)
    if status == 429 or "rate limit" in message.lower():
        return _UNNAMED_SECONDS
    return None
