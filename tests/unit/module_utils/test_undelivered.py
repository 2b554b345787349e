# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report that is kept on the record, and taken off once it is told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.undelivered import ANNOTATION, Undelivered, keep
from tests.unit.fakes import FakeCluster
from tests.unit.views import VIEWS

RECORD = Ref("Environment", "shop-pr-7", "platform")
KEPT = Undelivered(view=VIEWS["failed"], since="2026-01-02T03:04:05Z", reason="GitHub is away")


@pytest.fixture
def cluster() -> FakeCluster:
    fake = FakeCluster()
    fake.put(
        {
            "apiVersion": "preview.k8s-ee/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": "shop-pr-7", "namespace": "platform", "labels": {"k8s-ee/pr": "7"}},
            "spec": {"project": "shop", "pr": 7},
            "status": {"phase": "Failed"},
        }
    )
    return fake


def kept(cluster: FakeCluster) -> Undelivered | None:
    return Undelivered.of(cluster.objects[RECORD])


def test_it_is_whole_again_after_being_kept(cluster: FakeCluster) -> None:
    assert kept(cluster) is None
    assert keep(cluster, RECORD, KEPT)
    again = kept(cluster)
    assert again is not None
    assert (again.since, again.reason) == (KEPT.since, KEPT.reason)
    assert again.view.as_dict() == KEPT.view.as_dict()


def test_nothing_else_of_the_record_changes(cluster: FakeCluster) -> None:
    before = cluster.objects[RECORD]
    keep(cluster, RECORD, KEPT)
    after = cluster.objects[RECORD]
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


def test_what_is_applied_is_all_that_we_own_since_an_apply_takes_off_the_rest(cluster: FakeCluster) -> None:
    applied: list[dict[str, Any]] = []
    cluster.react = lambda verb, obj: applied.append(obj)
    keep(cluster, RECORD, KEPT)
    assert (applied[0]["spec"], applied[0]["metadata"]["labels"]) == ({"project": "shop", "pr": 7}, {"k8s-ee/pr": "7"})


def test_taking_it_off_leaves_the_annotation_out(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[dict[str, Any]] = []
    monkeypatch.setattr(cluster, "apply", applied.append)
    assert keep(cluster, RECORD, None)
    assert applied[0]["metadata"]["annotations"] == {}
    assert ANNOTATION not in str(applied)


def test_without_a_record_there_is_nowhere_to_keep_it(cluster: FakeCluster) -> None:
    assert not keep(cluster, Ref("Environment", "blog-pr-7", "platform"), KEPT)


@pytest.mark.parametrize(("conflicts", "tries"), [(1, 2), (2, 3), (3, 3)])
def test_a_record_that_somebody_else_writes_is_read_again(cluster: FakeCluster, conflicts: int, tries: int) -> None:
    seen: list[str] = []

    def refuse(verb: str, named: Ref) -> None:
        if verb == "apply":
            seen.append(verb)
            if len(seen) <= conflicts:
                raise ClusterError("conflict", status=409)

    cluster.refuse = refuse
    if conflicts < 3:
        assert keep(cluster, RECORD, KEPT)
    else:
        with pytest.raises(ClusterError):
            keep(cluster, RECORD, KEPT)
    assert (len(seen), cluster.verbs("Environment").count("get")) == (tries, tries)


def test_a_refusal_is_not_tried_again(cluster: FakeCluster) -> None:
    def refuse(verb: str, named: Ref) -> None:
        if verb == "apply":
            raise ClusterError("forbidden", status=403)

    cluster.refuse = refuse
    with pytest.raises(ClusterError, match="forbidden"):
        keep(cluster, RECORD, KEPT)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"view":{}}', '{"view":{"state":"x"},"since":"","reason":""}']
)
def test_what_cannot_be_read_is_nothing(text: str) -> None:
    assert Undelivered.of({"metadata": {"annotations": {ANNOTATION: text}}}) is None
    assert Undelivered.of({"metadata": {}}) is None
