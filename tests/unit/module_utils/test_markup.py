# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers' text as Markdown: code where it could be anything else, words where it is plainly words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ansible_collections.ephemeral.k8s.plugins.module_utils.markup import address, block, code, cut, link, moment, prose

MARKDOWN = MarkdownIt("commonmark")


def only_code(text: str) -> str:
    """The content of Markdown that is one code span, or one fenced block, and nothing else."""
    tokens = MARKDOWN.parse(text)
    if tokens[0].type == "fence":
        assert len(tokens) == 1
        return tokens[0].content
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert [child.type for child in children] == ["code_inline"]
    return children[0].content


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("feat/basket", "feat/basket"),
        ("feat/`odd`", "feat/`odd`"),
        ("`", "`"),
        ("```", "```"),
        ("a\nb\r\nc\t d", "a b c d"),
        ("a\u202eb", "a\ufffdb"),
        ("x" * 300, "x" * 199 + "\u2026"),
        ("", " "),
        ("\n", " "),
        ("\\", "\\"),
        ("<b> &amp; **x** [y](z)", "<b> &amp; **x** [y](z)"),
    ],
)
def test_a_code_span_shows_what_was_written_on_one_line(text: str, shown: str) -> None:
    assert only_code(code(text)) == shown


@given(st.text(max_size=80))
def test_any_text_is_one_code_span(text: str) -> None:
    assert "\n" not in code(text)
    only_code(code(text))


@given(st.text(alphabet=st.sampled_from("`~ \n\r\ta<>\u2028"), max_size=80))
def test_any_text_is_one_block(text: str) -> None:
    shown = only_code(block(text, 1000))
    assert all(line == "" or line.startswith("  ") for line in shown.split("\n"))


def test_a_block_keeps_its_beginning_or_its_end() -> None:
    text = "first\n" + "x" * 100 + "\nlast"
    assert "first" in block(text, 20)
    assert "last" not in block(text, 20)
    assert "last" in block(text, 20, end=True)
    assert "first" not in block(text, 20, end=True)
    assert "\u2026" in block(text, 20)


def test_no_line_of_a_block_is_an_order_to_other_robots() -> None:
    assert not any(line.startswith("/") for line in block("/approve\n/lgtm", 100).splitlines())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run the job again; it goes on from there", "run the job again; it goes on from there"),
        ("add DATABASE_URL to env", "add `DATABASE_URL` to env"),
        ("build for `--platform linux/amd64`, please", "build for `--platform linux/amd64`, please"),
        ("a first line such as #!/bin/sh", "a first line such as `#!/bin/sh`"),
        ("ask @you", "ask `@you`"),
        ("see #1, GH-2 and gh-3", "see `#1,` `GH-2` and `gh-3`"),
        ("at https://evil.example or www.evil.example", "at `https://evil.example` or `www.evil.example`"),
        ("commit 0b5cbb7 is", "commit `0b5cbb7` is"),
        ("`$PORT``x`", "`$PORT` `x`"),
        ("`a`_b", "`a` `_b`"),
        ("<b>\n\nnew", "`<b>` new"),
        ("x" * 30, "x" * 9 + "\u2026"),
    ],
)
def test_a_sentence_keeps_its_plain_words(text: str, shown: str) -> None:
    assert prose(text, 10 if set(text) == {"x"} else 200) == shown


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "javascript:alert(1)", "https://", "https:// x", "x", "https://" + "a" * 2000]
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    assert (address(url), link("logs", url)) == ("", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/a?b=c&d=%20#e", "https://x.example/a?b=c&d=%20#e"),
        ("https://x.example/a)b(c", "https://x.example/a%29b%28c"),
        ('https://x.example/<b>`|\\"', "https://x.example/%3Cb%3E%60%7C%5C%22"),
        ("https://x.example/\u00e4\ud800", "https://x.example/%C3%A4?"),
    ],
)
def test_nothing_in_an_address_ends_its_link(url: str, shown: str) -> None:
    assert link("logs", url) == f"[logs]({shown})"


def test_a_moment_is_told_to_the_minute() -> None:
    assert moment("2026-11-26T20:00:30Z") == "2026-11-26 20:00 UTC"
    assert moment("2026-11-26T21:00:30+01:00") == "2026-11-26 20:00 UTC"


def test_what_is_cut_shows_that_it_was() -> None:
    assert (cut("abc", 3), cut("abcd", 3)) == ("abc", "ab\u2026")
