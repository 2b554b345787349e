# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose an environment is."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels
from ansible_collections.ephemeral.k8s.plugins.module_utils.ownership import Owner, is_open, owners, refuse_foreign

IDENTITY = Identity(project="shop", pr=7)
ACME = Owner(repository="acme/shop", repository_id="42")


def namespace(repository="acme/shop", repository_id=42, **changed):
    return {
        "metadata": {
            "name": "shop-pr-7",
            "labels": {**labels(IDENTITY, repository_id), **changed},
            "annotations": {"k8s-ee/repository": repository},
        }
    }


def record(repository="acme/shop", repository_id=42, phase="Ready"):
    return {"spec": {"repository": repository, "repositoryId": repository_id}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("written", "asker", "same"),
    [
        (ACME, ACME, True),
        (ACME, Owner(repository="acme/renamed", repository_id="42"), True),
        (ACME, Owner(repository="acme/shop", repository_id="43"), False),
        (ACME, Owner(repository="acme/shop", repository_id="0"), False),
        (Owner(repository="local/a", repository_id="0"), Owner(repository="local/a", repository_id="0"), True),
        (Owner(repository="local/a", repository_id="0"), Owner(repository="local/b", repository_id="0"), False),
        (Owner(repository="local/a", repository_id="0"), Owner(repository="", repository_id="0"), True),
        (Owner(repository="", repository_id=""), ACME, False),
    ],
)
def test_the_number_decides_and_without_a_forge_the_name(written, asker, same):
    assert written.is_same_as(asker) is same


def test_namespace_and_open_record_both_speak():
    assert owners(namespace(), record(), IDENTITY) == (ACME, ACME)
    assert owners(None, record(), IDENTITY) == (ACME,)
    assert owners(None, None, IDENTITY) == ()


def test_a_record_of_something_destroyed_claims_nothing():
    assert not is_open(record(phase="Destroyed"))
    assert not is_open(None)
    other = record("old/shop", 1, phase="Destroyed")
    assert refuse_foreign(None, other, identity=IDENTITY, asker=ACME, advice="-") == ()


@pytest.mark.parametrize("found", [(namespace("evil/shop", 6), None), (None, record("evil/shop", 6))])
def test_another_repository_is_refused_with_both_names_and_the_advice(found):
    with pytest.raises(RefusedError) as refused:
        refuse_foreign(*found, identity=IDENTITY, asker=ACME, advice="choose another name")
    for part in ("shop-pr-7", "evil/shop (id 6)", "acme/shop (id 42)", "choose another name"):
        assert part in str(refused.value)


@pytest.mark.parametrize("label", ["app.kubernetes.io/managed-by", "k8s-ee/project", "k8s-ee/pr"])
def test_a_namespace_that_we_did_not_make_is_refused_by_its_label(label):
    with pytest.raises(RefusedError, match=f"not ours: its label {label} is 'x'"):
        owners(namespace(**{label: "x"}), None, IDENTITY)
    bare = {"metadata": {"name": "shop-pr-7"}}
    with pytest.raises(RefusedError, match="is missing"):
        owners(bare, None, IDENTITY)
