# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases: on, off, or described."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.databases import KINDS, Database, DatabasesRule
from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import GIB, MIB
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Reading

from ..judging import accepted, fault_of

RULE = DatabasesRule()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [True, {}, {"enabled": True}])
def test_a_database_that_is_only_switched_on_is_the_default_of_its_kind(kind: str, value: object) -> None:
    storage = None if kind == "redis" else GIB
    assert accepted(RULE, {kind: value}) == {
        kind: Database(kind=kind, version=KINDS[kind].default, storage_bytes=storage)
    }


@pytest.mark.parametrize("kind", [*KINDS, "minio"])
@pytest.mark.parametrize("value", [False, {"enabled": False}, {"enabled": False, "storage": "2Gi", "seed": "a.sql"}])
def test_a_database_that_is_off_is_not_there(kind: str, value: object) -> None:
    assert accepted(RULE, {kind: value}) == {}


@pytest.mark.parametrize(("kind", "version"), [(kind, version) for kind in KINDS for version in KINDS[kind].versions])
def test_each_version_of_the_table_may_be_chosen(kind: str, version: str) -> None:
    assert accepted(RULE, {kind: {"version": version}})[kind].version == version


def test_the_default_is_one_of_the_versions() -> None:
    assert all(kind.default in kind.versions for kind in KINDS.values())


def test_redis_keeps_data_only_with_storage() -> None:
    assert accepted(RULE, {"redis": {"storage": "1Gi"}})["redis"].storage_bytes == GIB


def test_minio_is_another_name_of_s3() -> None:
    assert accepted(RULE, {"minio": {"storage": "2Gi"}}) == accepted(RULE, {"s3": {"storage": "2Gi"}})
    assert RULE.write(accepted(RULE, {"minio": True})) == {"s3": {"enabled": True, "version": "1", "storage": "1Gi"}}


@pytest.mark.parametrize("value", [True, False])
def test_both_names_at_once_are_refused_whatever_they_say(value: bool) -> None:
    assert fault_of(RULE, {"s3": True, "minio": value}).startswith("x.minio: is another name of s3")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"postgresql": 1}, "x.postgresql: is 1; must be true, false or a mapping of enabled, version, storage, seed"),
        ({"postgresql": {"version": 16}}, 'x.postgresql.version: is a number, must be text: write "16", in quotes'),
        ({"postgresql": {"version": "9"}}, "x.postgresql.version: is '9'; must be one of 14, 15, 16, 17, 18"),
        ({"postgresql": {"storage": "99Mi"}}, "x.postgresql.storage: is 99Mi; must be from 100Mi to 10Gi (LimitRange)"),
        ({"postgresql": {"storage": "11Gi"}}, "x.postgresql.storage: is 11Gi; must be from 100Mi to 10Gi (LimitRange)"),
        ({"postgresql": {"storage": 5}}, "x.postgresql.storage: is 5; must be text such as 1Gi"),
        ({"postgresql": {"seed": "../a"}}, "x.postgresql.seed: is '../a'; must be a path inside the repository"),
        (
            {"postgresql": {"name": "a"}},
            "x.postgresql.name: unknown key; allowed here: enabled, seed, storage, version",
        ),
        ({"mysql": True}, "x.mysql: unknown key; did you mean mariadb?"),
        ({"mongo": True}, "x.mongo: unknown key; did you mean mongodb?"),
        (["postgresql"], "x: is a list; must be a mapping such as postgresql: true"),
    ],
)
def test_other_databases_are_refused(value: object, message: str) -> None:
    assert fault_of(RULE, value).startswith(message)


def test_bounds_of_another_inventory_count() -> None:
    reading = Reading(limits=RangeLimits(claim_min_bytes=MIB, claim_max_bytes=20 * GIB))
    assert accepted(RULE, {"postgresql": {"storage": "20Gi"}}, reading)["postgresql"].storage_bytes == 20 * GIB
