# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permissions, by the word of the collaborator API."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.permission import Permission


@pytest.mark.parametrize(
    ("permission", "role", "meant"),
    [
        ("admin", "admin", Permission.ADMIN),
        ("write", "maintain", Permission.MAINTAIN),
        ("write", "write", Permission.WRITE),
        ("read", "triage", Permission.TRIAGE),
        ("read", "read", Permission.READ),
        ("none", "none", Permission.NONE),
        ("write", "release-crew", Permission.WRITE),
        ("read", "admin", Permission.READ),
        ("none", "triage", Permission.NONE),
        ("write", None, Permission.WRITE),
        ("owner", "admin", Permission.NONE),
        (["admin"], None, Permission.NONE),
        (None, "admin", Permission.NONE),
    ],
)
def test_a_role_s_own_name_never_gives_more_than_the_level_beside_it(permission, role, meant):
    assert Permission.parse({"permission": permission, "role_name": role}) is meant


def test_an_answer_that_says_nothing_permits_nothing():
    assert Permission.parse({}) is Permission.NONE


def test_a_higher_role_may_all_that_a_lower_one_may():
    ladder = ["none", "read", "triage", "write", "maintain", "admin"]
    assert [str(each) for each in sorted(Permission)] == ladder
