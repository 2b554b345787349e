# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many comments is ours: by its marker and by its author, and with few requests."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.marker import Marker
from ansible_collections.ephemeral.k8s.plugins.module_utils.sticky import Sticky, find
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import State
from tests.unit.forges import BOT, FakeForge


def ours(environment: str = "shop-pr-7", sequence: int = 1) -> str:
    marker = Marker(environment=environment, sequence=sequence, commit="", state=State.READY)
    return f"{marker.line()}\n### Preview"


@pytest.fixture
def forge() -> FakeForge:
    return FakeForge()


def found(forge: FakeForge, environment: str = "shop-pr-7", *authors: str) -> Sticky | None:
    return find(forge, pr=7, environment=environment, authors=authors or (BOT,))


def number(sticky: Sticky | None) -> int | None:
    return sticky.id if sticky else None


def test_none_is_found_where_there_is_none(forge: FakeForge) -> None:
    assert found(forge) is None
    forge.said("Looks good to me")
    assert found(forge) is None


def test_it_is_found_among_others_with_what_its_marker_says(forge: FakeForge) -> None:
    forge.said("Looks good to me", "ada")
    wanted = forge.said(ours(sequence=5))
    sticky = found(forge)
    assert sticky is not None
    assert (sticky.id, sticky.marker.sequence, sticky.says(ours(sequence=5))) == (wanted, 5, True)


@pytest.mark.parametrize("author", ["ada", "github-actions", "github-actions-bot", "github-actions[bot]x", ""])
def test_a_stranger_who_copies_the_marker_is_not_us(forge: FakeForge, author: str) -> None:
    forge.said(ours(), author)
    assert found(forge) is None


def test_another_workflow_that_writes_under_the_same_account_is_not_us(forge: FakeForge) -> None:
    forge.said("### Coverage 98 %")
    forge.said(f"quoting\n{ours()}")
    assert found(forge) is None


def test_the_authors_are_configured_and_written_in_any_case(forge: FakeForge) -> None:
    wanted = forge.said(ours(), "Acme-Previews[bot]")
    assert found(forge) is None
    assert number(found(forge, "shop-pr-7", BOT, "acme-previews[bot]")) == wanted


def test_each_environment_of_a_pull_request_has_its_own(forge: FakeForge) -> None:
    blog, shop = forge.said(ours("blog-pr-7")), forge.said(ours())
    assert (number(found(forge, "blog-pr-7")), number(found(forge))) == (blog, shop)
    assert found(forge, "docs-pr-7") is None


def test_a_comment_without_a_name_is_taken_over_by_the_first_that_has_one(forge: FakeForge) -> None:
    nameless = forge.said(ours(""))
    assert number(found(forge)) == nameless
    named = forge.said(ours())
    assert number(found(forge)) == named


def test_without_a_name_of_our_own_the_only_one_is_meant_and_none_of_two(forge: FakeForge) -> None:
    only = forge.said(ours("blog-pr-7"))
    assert number(found(forge, "")) == only
    forge.said(ours())
    assert found(forge, "") is None
    nameless = forge.said(ours(""))
    assert number(found(forge, "")) == nameless


def test_of_two_for_one_environment_the_first_is_kept_and_the_other_named(forge: FakeForge) -> None:
    first, second = forge.said(ours()), forge.said(ours())
    sticky = found(forge)
    assert sticky is not None
    assert (sticky.id, sticky.doubles) == (first, (second,))


@pytest.mark.parametrize(("before", "pages"), [(0, 1), (99, 1), (100, 2), (399, 4)])
def test_the_search_ends_with_the_page_that_has_it(forge: FakeForge, before: int, pages: int) -> None:
    for each in range(before):
        forge.said(f"comment {each}", "ada")
    wanted = forge.said(ours())
    for each in range(300):
        forge.said(f"later comment {each}", "ada")
    assert number(found(forge)) == wanted
    assert forge.requests == pages


def test_line_ends_of_a_browser_are_no_other_text() -> None:
    marker = Marker(environment="a", sequence=1, commit="", state=State.READY)
    sticky = Sticky(id=1, marker=marker, body="a\r\nb\n")
    assert sticky.says("a\nb")
    assert not sticky.says("a b")
    assert not Sticky(id=1, marker=marker).says("a")
