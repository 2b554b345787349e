# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what an inventory or a workflow may say, and what it says where it says nothing."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.command import SERVED
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.path_filter import PathFilter
from ansible_collections.ephemeral.k8s.plugins.module_utils.policy import MODES, PIN_LABEL, Policy, same
from ansible_collections.ephemeral.k8s.plugins.module_utils.rules import TRIGGER
from ansible_collections.ephemeral.k8s.plugins.module_utils.support import SERVED_PROFILES

NOBODY = AllowList()


def test_the_modes_are_those_of_the_configuration():
    assert TRIGGER.schema()["enum"] == list(MODES)


def test_who_says_nothing_has_drafts_deployed_bots_not_and_forks_after_an_approval():
    assert Policy.parse({}, mode="automatic", allow=NOBODY) == Policy(
        allow=NOBODY,
        mode="automatic",
        label="preview",
        drafts=True,
        bots=False,
        paths=PathFilter(),
        forks=True,
        served=SERVED,
        profiles=SERVED_PROFILES,
    )


def test_each_word_replaces_one_of_these():
    said = {"label": "show me", "drafts": False, "bots": True, "paths": ["src/**", "!src/docs/**"], "forks": False}
    assert Policy.parse(said, mode="label", allow=NOBODY) == Policy(
        allow=NOBODY,
        mode="label",
        label="show me",
        drafts=False,
        bots=True,
        paths=PathFilter(patterns=("src/**", "!src/docs/**")),
        forks=False,
    )


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"draft": True}, "preview_triggers.draft: unknown key; allowed: label, drafts, bots, paths, forks"),
        ({"drafts": "false"}, "preview_triggers.drafts is text; write true or false"),
        ({"bots": 0}, "preview_triggers.bots is a number; write true or false"),
        ({"forks": None}, "preview_triggers.forks is empty; write true or false"),
        ({"label": 1}, "preview_triggers.label is a number; write a label"),
        ({"label": ""}, "preview_triggers.label is ''; write a label other than preserve=true"),
        ({"label": " "}, "preview_triggers.label is ' '; write a label"),
        ({"label": "Preserve=True"}, "preview_triggers.label is 'Preserve=True'; write a label other than"),
        ({"label": "x" * 51}, "preview_triggers.label is 'xxx"),
        ({"paths": "src/**"}, "preview_triggers.paths is text; write a list of patterns"),
        ({"paths": [1]}, "preview_triggers.paths holds what is no text; write a list of patterns"),
        ({"paths": ["src/"]}, "preview_triggers.paths: 'src/' is no pattern of paths; write one such as"),
    ],
)
def test_anything_else_is_refused_by_option_key_and_value(tree, says):
    with pytest.raises(RefusedError) as refused:
        Policy.parse(tree, mode="automatic", allow=NOBODY)
    assert str(refused.value).startswith(says)


def test_another_option_s_name_is_in_the_message():
    with pytest.raises(RefusedError, match=r"^inputs\.drafts is text"):
        Policy.parse({"drafts": "x"}, mode="automatic", allow=NOBODY, option="inputs")


@pytest.mark.parametrize(
    ("label", "is_same"), [("Preserve=TRUE", True), ("preserve=true ", False), ("preserve", False)]
)
def test_labels_are_compared_as_github_does(label, is_same):
    assert same(label, PIN_LABEL) is is_same
