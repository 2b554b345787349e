# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow list lets in whom it names, and fails closed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.pulls import Repository

SHOP = Repository(name="Acme/Shop", id=42, owner_id=7)


def refusal(listed, repository=SHOP):
    return AllowList.parse(listed).refusal(repository)


@pytest.mark.parametrize(
    "listed",
    [
        {"owners": ["acme"]},
        {"owners": ["ACME"]},
        {"owners": [7]},
        {"repositories": ["acme/shop"]},
        {"repositories": ["ACME/SHOP"]},
        {"repositories": [42]},
        {"owners": ["else"], "repositories": ["else/a", "acme/shop"]},
        {"owners": (), "repositories": ("acme/shop",)},
    ],
)
def test_an_owner_or_a_repository_is_let_in_by_name_or_number(listed):
    assert refusal(listed) == ""


@pytest.mark.parametrize(
    "listed",
    [
        {"owners": ["acm"]},
        {"owners": ["acme-inc"]},
        {"owners": ["shop"]},
        {"owners": [42]},
        {"repositories": [7]},
        {"repositories": ["acme/sho"]},
        {"repositories": ["acme/shop2"]},
        {"repositories": ["else/shop"]},
        {"repositories": ["acme/sh.p"]},
        {"owners": ["42"]},
    ],
)
def test_another_is_not_and_is_told_its_name_its_number_and_the_option(listed):
    assert refusal(listed) == "Acme/Shop (id 42) is not allowed here; add it to preview_allow in the inventory"


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (None, "preview_allow is not set; list owners or repositories in the inventory"),
        ({}, "preview_allow is empty; list owners or repositories in the inventory"),
        ({"owners": [], "repositories": []}, "preview_allow is empty; "),
        ("acme", "preview_allow is text; write a mapping of owners and repositories"),
        (["acme"], "preview_allow is a list; write a mapping of owners and repositories"),
        (True, "preview_allow is true or false; "),
        ({"owners": "acme"}, "preview_allow.owners is text; write a list"),
        ({"owners": None}, "preview_allow.owners is empty; write a list"),
        ({"owners": {"acme": True}}, "preview_allow.owners is a mapping; write a list"),
        ({"owner": ["acme"]}, "preview_allow.'owner': unknown key; allowed: owners, repositories"),
        ({1: ["acme"]}, "preview_allow.1: unknown key; allowed: owners, repositories"),
        ({"owners": ["acme", None]}, "preview_allow.owners[1] is empty; write an owner such as acme, or its number"),
        ({"owners": ["*"]}, "preview_allow.owners[0] is '*'; write an owner"),
        ({"owners": ["acme*"]}, "preview_allow.owners[0] is 'acme*'; write an owner"),
        ({"owners": [".*"]}, "preview_allow.owners[0] is '.*'; write an owner"),
        ({"owners": [""]}, "preview_allow.owners[0] is ''; write an owner"),
        ({"owners": ["acme\n"]}, "preview_allow.owners[0] is 'acme\\n'; write an owner"),
        ({"owners": ["acme/shop"]}, "preview_allow.owners[0] is 'acme/shop'; write an owner"),
        ({"owners": [True]}, "preview_allow.owners[0] is True; write an owner"),
        ({"owners": [0]}, "preview_allow.owners[0] is 0; write an owner"),
        ({"repositories": ["shop"]}, "preview_allow.repositories[0] is 'shop'; write a repository such as acme/shop"),
        ({"repositories": ["acme/*"]}, "preview_allow.repositories[0] is 'acme/*'; write a repository"),
        ({"repositories": ["a/b/c"]}, "preview_allow.repositories[0] is 'a/b/c'; write a repository"),
    ],
)
def test_what_is_missing_or_malformed_lets_nobody_in_and_says_why(listed, why):
    assert AllowList.parse(listed).entries == frozenset()
    assert refusal(listed).startswith(f"no repository is allowed: {why}")


def test_one_wrong_entry_closes_the_whole_list():
    assert refusal({"owners": ["acme"], "repositories": ["acme/shop", "*"]}).startswith("no repository is allowed: ")


def test_a_list_that_nobody_filled_lets_nobody_in():
    assert AllowList().refusal(SHOP) != ""


ENTRY = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["*", "mallory", "/"])
KEY = st.text(max_size=6) | st.sampled_from(["owners", "repositories"])


@given(ENTRY | st.lists(ENTRY, max_size=3) | st.dictionaries(KEY, ENTRY | st.lists(ENTRY, max_size=3), max_size=3))
def test_no_inventory_lets_in_a_repository_that_it_does_not_name(listed):
    stranger = Repository(name="mallory-with-a-long-name/shop", id=2**52, owner_id=2**52 + 1)
    refused = refusal(listed, stranger)
    assert refused
    assert refused.isprintable()
