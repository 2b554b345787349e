# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run reads in a Lease and writes into it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.lease_object import Claim, process_of, renewal
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEASE = Ref("Lease", "demo-pr-1", "platform")


def claim(holder="me", sequence=7, owner="42", process="m-1-2"):
    return Claim(ref=LEASE, owner=owner, sequence=sequence, holder=holder, process=process)


def test_a_new_lease_names_holder_process_and_sequence():
    lease = claim().taken(None, NOW)
    assert lease["metadata"] == {
        "name": "demo-pr-1",
        "namespace": "platform",
        "labels": {"app.kubernetes.io/managed-by": "ephemeral.k8s"},
        "annotations": {"k8s-ee/sequence": "7 42", "k8s-ee/process": "me m-1-2"},
    }
    assert lease["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "renewTime": "2026-01-02T03:04:05.000000Z",
        "acquireTime": "2026-01-02T03:04:05.000000Z",
        "leaseTransitions": 0,
    }


def test_a_renewal_changes_its_time_alone():
    first = claim().taken(None, NOW)
    again = claim().taken(first, NOW.replace(second=9))
    assert again == {**first, "spec": {**first["spec"], "renewTime": "2026-01-02T03:04:09.000000Z"}}
    assert renewal(again) != renewal(first)


def test_another_holder_is_a_transition():
    lease = claim("other", sequence=9).taken(claim().taken(None, NOW), NOW)
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("other", 1)


def test_asking_changes_no_holder_and_is_no_sign_of_its_life():
    held = claim("holder").taken(None, NOW)
    asked = claim("me", sequence=8).asked_for(held)
    assert asked["spec"] == held["spec"]
    assert renewal(asked) == renewal(held)
    assert claim().newest(asked) == 8
    assert process_of(asked) == "m-1-2"


def test_the_newest_sequence_stays_whoever_writes():
    lease = claim(sequence=3).taken(claim("newer", sequence=8).asked_for(claim().taken(None, NOW)), NOW)
    assert claim().newest(lease) == 8


@pytest.mark.parametrize("text", ["", "x 42", "-1 42", "8", "8 43"])
def test_a_sequence_of_another_repository_or_of_none_says_nothing(text):
    lease = {"metadata": {"annotations": {"k8s-ee/sequence": text}}, "spec": {}}
    assert claim().newest(lease) == 0


@pytest.mark.parametrize(("holder", "free"), [(None, True), ("", True), ("me", True), ("other", False)])
def test_it_is_free_where_nobody_or_we_ourselves_hold_it(holder, free):
    assert claim().is_free({"metadata": {}, "spec": {"holderIdentity": holder}}) is free


def test_a_process_is_the_holders_or_nobodys():
    held = claim("me").taken(None, NOW)
    robbed = {**held, "spec": {**held["spec"], "holderIdentity": "thief"}}
    freed = {**held, "spec": {**held["spec"], "holderIdentity": ""}}
    assert [process_of(lease) for lease in (held, robbed, freed, {"metadata": {}, "spec": {}})] == ["m-1-2", "", "", ""]
