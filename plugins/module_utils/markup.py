# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that strangers wrote, as GitHub's Markdown in which it stays text.

Escaping by backslash or entity does not keep GitHub from linking `@name`, `#1` or a commit: it looks for those after
the Markdown has become HTML. In code it looks for none of them. So whatever is not plainly prose becomes code.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

# Controls, marks that turn the direction of writing around, halves of surrogate pairs: U+FFFD stands for each.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffc]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_TICKS = re.compile(r"`+")
_CODE = re.compile(r"`([^`\s](?:[^`]*[^`\s])?)`")
# No character of Markdown, HTML, mention or reference; no address, no commit, no reference such as GH-1.
_PROSE = re.compile(r"(?!.*(?:://|www\.|(?i:gh)-\d|[0-9a-f]{7}))[A-Za-z0-9.,;:()'\"/%=+\u2026-]+")
_LONGEST_ADDRESS = 2000
_WEB = re.compile(r"https?://[^/\s]+(?:/\S*)?")


def plain(text: str) -> str:
    """The same text with line feeds as its only line ends and nothing that does not show."""
    return _UNPRINTABLE.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters; what is left out shows as an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}\u2026"


def code(text: str, limit: int = 200) -> str:
    """A code span on one line.

    >>> code("feat/`x`")
    '`` feat/`x` ``'
    """
    line = cut(" ".join(plain(text).split()), limit) or " "
    ticks = "`" * (_longest(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def block(text: str, limit: int, *, end: bool = False) -> str:
    """A code block that nothing inside can close.

    :param limit: characters that are kept, of the beginning or, with ``end``, of the end.
    """
    kept = plain(text).strip("\n")
    if len(kept) > limit:
        kept = f"\u2026{kept[-limit + 1 :]}" if end else cut(kept, limit)
    fence = "`" * max(3, _longest(kept) + 1)
    # Other robots read their orders, such as /approve, at the beginning of any line.
    lines = "\n".join(f"  {line.rstrip()}".rstrip() for line in kept.split("\n"))
    return f"{fence}text\n{lines}\n{fence}"


def prose(text: str, limit: int) -> str:
    """A sentence whose plain words stay words; every other word, and what stood in backticks, becomes code."""
    line = cut(" ".join(plain(text).split()), limit)
    told = ""
    for index, part in enumerate(_CODE.split(line)):
        # What the expression captured stands at the odd places.
        piece = code(part) if index % 2 else " ".join(_word(word) for word in part.split(" "))
        # Two code spans side by side would run into one.
        told += f" {piece}" if told.endswith("`") and piece.startswith("`") else piece
    return told


def address(url: str) -> str:
    """A web address as it may stand in a link; empty for what is none."""
    if len(url) > _LONGEST_ADDRESS or not _WEB.fullmatch(url):
        return ""
    return quote(url, safe="/:?#&=%+,;@~!$*[]", errors="replace")


def link(label: str, url: str) -> str:
    """A link under a label of ours; empty where there is no address."""
    found = address(url)
    return f"[{label}]({found})" if found else ""


def moment(time: str) -> str:
    """A time of RFC 3339 as people read it, to the minute.

    >>> moment("2026-11-26T20:00:30Z")
    '2026-11-26 20:00 UTC'
    """
    return f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _word(word: str) -> str:
    return word if not word or _PROSE.fullmatch(word) else code(word)


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
