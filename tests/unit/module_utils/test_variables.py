# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that an application is given, and may not set itself."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.databases import KINDS
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Reading
from ansible_collections.ephemeral.k8s.plugins.module_utils.variables import (
    GIVEN,
    GIVEN_BY_DATABASE,
    check_names,
    reserved,
)


def test_each_kind_of_database_gives_variables() -> None:
    assert set(GIVEN_BY_DATABASE) == set(KINDS)
    assert "MINIO_ACCESS_KEY" in GIVEN_BY_DATABASE["s3"]
    assert len({name for names in GIVEN_BY_DATABASE.values() for name in names}) == 6 + 6 + 2 + 4 + 8


def test_the_names_of_databases_that_are_off_are_free() -> None:
    assert set(reserved(())) == set(GIVEN)
    assert reserved(("redis",))["REDIS_URL"] == "databases.redis sets it"
    assert "PGHOST" not in reserved(("redis",))


def test_reserved_names_and_names_used_twice_are_told() -> None:
    reading = Reading()
    check_names(reserved(()), {"PORT": "1", "A": "x"}, ("A", "PR_NUMBER", "B"), ("services", "api"), reading)
    with pytest.raises(ConfigError) as refused:
        reading.finish()
    assert [str(fault) for fault in refused.value.faults] == [
        "services.api.env.PORT: is reserved: the platform sets it; choose another name",
        "services.api.secrets: A is in env too; keep one of them",
        "services.api.secrets: PR_NUMBER is reserved: the platform sets it; choose another name",
    ]
