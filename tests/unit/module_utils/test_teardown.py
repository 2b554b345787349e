# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teardown: what is ours goes, whatever state it is in; what is not ours stays."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels
from ansible_collections.ephemeral.k8s.plugins.module_utils.teardown import TeardownPlan, plan

SHOP = Identity(project="shop", pr=7)


def namespace(*, repository_id: int = 42, repository: str = "acme/shop", **metadata: Any) -> dict[str, Any]:
    return {
        "kind": "Namespace",
        "metadata": {
            "name": "shop-pr-7",
            "labels": labels(SHOP, repository_id),
            "annotations": {"k8s-ee/repository": repository},
            **metadata,
        },
    }


def record(phase: str = "Ready", *, repository_id: int = 42, repository: str = "acme/shop") -> dict[str, Any]:
    return {
        "kind": "Environment",
        "metadata": {"name": "shop-pr-7"},
        "spec": {"repository": repository, "repositoryId": repository_id},
        "status": {"phase": phase},
    }


def test_an_environment_goes_with_its_record() -> None:
    assert plan(namespace(), record(), identity=SHOP, repository_id=42, repository="acme/shop") == TeardownPlan(
        namespace="shop-pr-7",
        repository="acme/shop",
        delete_namespace=True,
        await_namespace=True,
        close_record=True,
    )


@pytest.mark.parametrize("found", [None, record("Destroyed"), record("Destroyed", repository_id=99)])
def test_where_nothing_is_there_is_nothing_to_do(found: dict[str, Any] | None) -> None:
    assert plan(None, found, identity=SHOP, repository_id=42).nothing


def test_a_namespace_without_a_record_goes() -> None:
    found = plan(namespace(), None, identity=SHOP, repository_id=42)
    assert (found.delete_namespace, found.close_record, found.nothing) == (True, False, False)


def test_a_record_without_a_namespace_is_closed() -> None:
    found = plan(None, record("Deploying"), identity=SHOP, repository_id=42)
    assert (found.delete_namespace, found.await_namespace, found.close_record) == (False, False, True)


def test_a_record_that_was_written_and_has_no_status_yet_is_closed() -> None:
    written = record()
    del written["status"]
    assert plan(None, written, identity=SHOP, repository_id=42).close_record


def test_a_namespace_that_is_terminating_is_awaited_and_not_deleted_again() -> None:
    found = plan(namespace(deletionTimestamp="2026-01-01T10:00:00Z"), record(), identity=SHOP, repository_id=42)
    assert (found.delete_namespace, found.await_namespace) == (False, True)


def test_a_renamed_repository_still_owns_its_environment() -> None:
    assert plan(namespace(), record(), identity=SHOP, repository_id=42, repository="acme/store").delete_namespace


def test_without_a_forge_the_name_decides() -> None:
    local = namespace(repository_id=0, repository="local/shop")
    assert plan(local, None, identity=SHOP, repository_id=0, repository="local/shop").delete_namespace
    assert plan(local, None, identity=SHOP, repository_id=0).delete_namespace
    with pytest.raises(RefusedError, match=r"local/shop \(id 0\), not to local/other \(id 0\)"):
        plan(local, None, identity=SHOP, repository_id=0, repository="local/other")


@pytest.mark.parametrize(
    ("found_namespace", "found_record"),
    [
        (namespace(repository_id=99, repository="evil/shop"), None),
        (None, record(repository_id=99, repository="evil/shop")),
        (namespace(), record(repository_id=99, repository="evil/shop")),
    ],
)
def test_what_belongs_to_another_repository_is_refused_and_both_are_named(
    found_namespace: dict[str, Any] | None, found_record: dict[str, Any] | None
) -> None:
    with pytest.raises(RefusedError) as refused:
        plan(found_namespace, found_record, identity=SHOP, repository_id=42, repository="acme/shop")
    assert "environment shop-pr-7 belongs to repository evil/shop (id 99), not to acme/shop (id 42)" in str(
        refused.value
    )
    assert "nothing was deleted" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"app.kubernetes.io/managed-by": "Helm"}, "app.kubernetes.io/managed-by is 'Helm'"),
        ({"app.kubernetes.io/managed-by": None}, "app.kubernetes.io/managed-by is missing"),
        ({"k8s-ee/project": "other"}, "k8s-ee/project is 'other' and should be 'shop'"),
        ({"k8s-ee/pr": "8"}, "k8s-ee/pr is '8' and should be '7'"),
    ],
)
def test_a_namespace_that_we_did_not_make_is_refused(change: dict[str, str | None], said: str) -> None:
    marked = labels(SHOP, 42) | change
    with pytest.raises(RefusedError, match=said):
        plan(namespace(labels={k: v for k, v in marked.items() if v}), record(), identity=SHOP, repository_id=42)


def test_a_namespace_without_labels_is_refused() -> None:
    with pytest.raises(RefusedError, match="shop-pr-7 is not ours"):
        plan({"metadata": {"name": "shop-pr-7"}}, None, identity=SHOP, repository_id=42)


def test_a_namespace_without_a_repository_label_is_nobodys_to_delete() -> None:
    marked = {key: value for key, value in labels(SHOP, 42).items() if key != "k8s-ee/repository-id"}
    with pytest.raises(RefusedError, match=r"\(name unknown\) \(id unknown\), not to acme/shop \(id 42\)"):
        plan(namespace(labels=marked, annotations={}), None, identity=SHOP, repository_id=42, repository="acme/shop")


def test_a_plan_reads_as_plain_data() -> None:
    assert plan(None, None, identity=SHOP, repository_id=42).as_dict() == {
        "namespace": "shop-pr-7",
        "repository": "",
        "delete_namespace": False,
        "await_namespace": False,
        "close_record": False,
        "nothing": True,
    }
