# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comment of every state, and what strangers can not do to it.

It is read with a Markdown parser, as GitHub reads it: what is in code there stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ansible_collections.ephemeral.k8s.plugins.module_utils.comment import MOST, headline, render
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import Links, State, View
from tests.conftest import Golden
from tests.unit.views import DIAGNOSIS, LINKS, STEPS, URL, VIEWS, view

MARKDOWN = MarkdownIt("commonmark").enable("table")
OURS = re.compile(r"</?details(?: open)?>(?:<summary>(?:Why is it red\?|Phases|QR code)</summary>)?")
HOSTILE = (
    "`", "``` x", "~~~", "``````text\n```", "a|b\\|c\\", "<img src=x onerror=alert(1)>", "</details>", "$(reboot)",
    "@acme/owners", "#1 GH-2 acme/shop#3", "0b5cbb7ae1a3", "[x](https://evil.example)", "![x](https://evil.example/p.png)",
    "https://evil.example", "www.evil.example", "<!-- k8s-ee {} -->", "-->", "\r\n\r\n# heading", "\u2028- [ ] task",
    "\u202egnp.exe", "&lt;b&gt; &#64;you", "\\`@you\\`", "*b* _i_ ~~s~~", "$`x`$", "1. a\n2. b", "x" * 200, "\ud800",
    "/approve", "\t\ttab", "\x1b[31m", "[^1]: note", "| a |\n| - |", "===\n---", "",
)  # fmt: skip


def tokens(text: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def shown_as_text(text: str) -> str:
    """What GitHub would search for mentions, references and addresses."""
    return "\n".join(token.content for token in tokens(text) if token.type == "text")


def hostile(text: str) -> View:
    """A view in which everything that strangers write says this."""
    diagnosis = dict.fromkeys(DIAGNOSIS, text)
    return view(
        State.FAILED, branch=text, commit=text, environment=text, cost=text, url=URL, phases=STEPS, diagnosis=diagnosis,
        links=Links(grafana=f"https://grafana.example.org/{text}", logs="none", run=f"https://x.example/a?b={text}"),
    )  # fmt: skip


def assert_harmless(text: str) -> None:
    """Nothing but our own structure: no HTML, link, image, mention or reference that we did not write."""
    links = 0
    for token in tokens(text):
        if token.type in ("html_block", "html_inline"):
            assert all(OURS.fullmatch(line) for line in token.content.split("\n") if line), token.content
        assert token.type not in ("image", "hardbreak"), token.content
        if token.type == "link_open":
            links += 1
            assert str(token.attrs["href"]).startswith((URL, "https://grafana.example.org/", "https://x.example/a?b="))
    assert links <= 4
    assert not re.search(r"@|#|[gG][hH]-\d|://|www\.|evil|[0-9a-f]{7}", shown_as_text(text).replace(URL, ""))
    assert [token.tag for token in MARKDOWN.parse(text) if token.type == "heading_open"] == ["h3"]


@pytest.mark.parametrize("name", VIEWS)
def test_every_state_has_its_comment(golden: Golden, name: str) -> None:
    golden(f"comment/{name}.md", f"{render(VIEWS[name])}\n")


def test_every_state_is_covered() -> None:
    assert {each.state for each in VIEWS.values()} == set(State)


@pytest.mark.parametrize("name", VIEWS)
def test_each_comment_is_whole_markdown(name: str) -> None:
    text = render(VIEWS[name])
    structure = [token.content.strip() for token in tokens(text) if token.type == "html_block"]
    opened = [each for each in structure if each.startswith("<details")]
    assert all(OURS.fullmatch(each) for each in structure)
    assert structure.count("</details>") == len(opened)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_strangers_write_stays_text(text: str) -> None:
    assert_harmless(render(hostile(text)))


@given(st.text(alphabet=st.sampled_from("`~|\\<>!-@#[]()*_$&;:/. \n\r\ta1\u2028\u202e\ud800"), max_size=60))
@example("``````")
@example("\n```\n@you")
def test_no_mixture_of_signs_breaks_out(text: str) -> None:
    assert_harmless(render(hostile(text)))


def test_it_is_never_longer_than_github_takes() -> None:
    for long in ("x" * 100_000, "`" * 100_000, "` " * 50_000, "|" * 100_000, "\n" * 100_000, "\u2588 " * 50_000):
        huge = replace(hostile(long), phases=STEPS * 100, url=f"https://{long}")
        assert len(render(huge)) < MOST - 2000


def test_the_end_of_a_log_is_kept_and_the_beginning_of_a_message() -> None:
    told = {**DIAGNOSIS, "log": "first\n" + "x" * 20_000 + "\nlast", "message": "begins" + "y" * 20_000 + "ends"}
    text = render(view(State.FAILED, diagnosis=told))
    assert "last\n" in text
    assert "first\n" not in text
    assert "begins" in text
    assert "ends\n" not in text


def test_secrets_are_taken_out_of_log_message_and_hint() -> None:
    secret = "ghp_" + "a1B2" * 9
    told = {**DIAGNOSIS, "log": f"token={secret}", "message": f"push to https://u:{secret}@x", "hint": secret}
    assert secret not in render(view(State.FAILED, diagnosis=told))


@pytest.mark.parametrize(
    ("state", "is_open"),
    [(State.FAILED, True), (State.REFUSED, True), (State.CANCELLED, True), (State.ASLEEP, False), (State.READY, False)],
)
def test_why_it_is_red_is_open_where_it_is_red_and_folded_away_else(state: State, is_open: bool) -> None:
    text = render(view(state, diagnosis=DIAGNOSIS))
    assert ("<details open><summary>Why is it red?</summary>" in text) is is_open
    assert ("<details><summary>Why is it red?</summary>" in text) is not is_open


@pytest.mark.parametrize("known", ["grafana", "logs", "run"])
def test_a_link_is_shown_once_something_serves_it(known: str) -> None:
    links = Links(**{known: getattr(LINKS, known)})
    text = render(view(State.READY, links=links))
    assert text.count("](") == 1
    assert f"]({getattr(LINKS, known)})" in text
    assert "](" not in render(view(State.READY, links=Links()))


@pytest.mark.parametrize("known", ["cost", "pinned_until", "expires_at", "url", "branch", "commit"])
def test_what_is_not_known_is_not_mentioned(known: str) -> None:
    full: dict[str, Any] = {
        "cost": "US$ 1",
        "pinned_until": "2026-11-27T08:30:00Z",
        "expires_at": "2026-11-26T20:00:00Z",
    }
    whole = view(State.READY, url=URL, **full)
    lines = set(render(whole).splitlines())
    without = set(render(replace(whole, **{known: ""})).splitlines())
    assert lines - without
    assert not any(line.rstrip().endswith(":**") for line in without)


def test_a_url_is_promised_only_where_it_answers() -> None:
    assert f"**<{URL}>**" in render(view(State.READY, url=URL))
    assert "answers once it is ready" in render(view(State.DEPLOYING, url=URL))
    assert "has the version before until then" in render(view(State.DEPLOYING, url=URL, served_before=True))
    assert "still has the version before" in render(view(State.FAILED, url=URL, served_before=True))
    assert "still has the version before" in render(view(State.REFUSED, url=URL, served_before=True))
    assert "may have the version before" in render(view(State.CANCELLED, url=URL, served_before=True))


@pytest.mark.parametrize("phase", ["probe", "verify"])
def test_a_failure_after_the_version_before_has_gone_promises_no_url(phase: str) -> None:
    for state in (State.FAILED, State.CANCELLED):
        text = render(view(state, url=URL, served_before=True, diagnosis={**DIAGNOSIS, "phase": phase}))
        assert "still has" not in text
    assert URL not in render(view(State.FAILED, url=URL, served_before=True, diagnosis={**DIAGNOSIS, "phase": phase}))


@pytest.mark.parametrize("state", [State.FAILED, State.DESTROYED, State.EXPIRED, State.SUPERSEDED])
def test_no_url_where_nothing_was_ready_or_nothing_is_left(state: State) -> None:
    assert URL not in render(view(state, url=URL, served_before=state is not State.FAILED))


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (VIEWS["ready"], "ready in 6.0 s"),
        (VIEWS["queued"], "queued, place 2"),
        (VIEWS["failed"], "failed in phase app: MissingVariable"),
        (VIEWS["building"], "building"),
        (view(State.FAILED, diagnosis={"reason": "x" * 300}), None),
    ],
)
def test_the_headline_fits_a_commit_status(told: View, line: str | None) -> None:
    assert len(headline(told)) <= 140
    assert line in (None, headline(told))
