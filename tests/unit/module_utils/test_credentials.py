# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of databases and the variables that refer to them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.credentials import ACCESS, secret, secrets_for, variables
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.variables import GIVEN_BY_DATABASE

LABELS = {"k8s-ee/pr": "7"}
WITH = Config.parse({"projectId": "shop", "databases": {"postgresql": True}})
WITHOUT = Config.parse({"projectId": "shop", "databases": {"postgresql": False}})


def token(length):
    return "x" * length


def test_the_secret_of_postgresql_has_all_that_a_client_needs():
    made = secret("postgresql", namespace="shop-pr-7", labels=LABELS, token=token)
    assert made["metadata"]["name"] == "postgresql"
    assert made["metadata"]["namespace"] == "shop-pr-7"
    assert made["metadata"]["labels"].items() >= LABELS.items()
    values = made["stringData"]
    parts = urlsplit(values["url"])
    assert parts.scheme == "postgresql"
    assert parts.username == values["username"] == "app"
    assert parts.password == values["password"] == "x" * 32
    assert parts.hostname == values["host"] == "postgresql"
    assert str(parts.port) == values["port"] == "5432"
    assert parts.path == f"/{values['database']}"


def test_nobody_rewrites_it_by_accident():
    assert secret("postgresql", namespace="n", labels={}, token=token)["immutable"] is True


def test_one_secret_for_each_enabled_database():
    assert [m["metadata"]["name"] for m in secrets_for(WITH, namespace="n", labels={}, token=token)] == ["postgresql"]
    assert secrets_for(WITHOUT, namespace="n", labels={}, token=token) == ()


def test_variables_refer_to_keys_that_the_secret_has():
    made = secret("postgresql", namespace="n", labels={}, token=token)
    for variable in variables(WITH):
        assert set(variable) == {"name", "valueFrom"}
        source = variable["valueFrom"]["secretKeyRef"]
        assert source["name"] == made["metadata"]["name"]
        assert source["key"] in made["stringData"]
    assert variables(WITHOUT) == ()


@pytest.mark.parametrize("kind", ACCESS)
def test_exactly_the_reserved_variables_are_given(kind):
    assert set(ACCESS[kind].variables) == set(GIVEN_BY_DATABASE[kind])


def test_a_kind_that_is_not_served_is_refused_by_name():
    with pytest.raises(RefusedError, match=r"not yet supported: databases\.redis; served: postgresql"):
        secret("redis", namespace="n", labels={}, token=token)
