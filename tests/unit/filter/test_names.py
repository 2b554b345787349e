# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of names and quota: the core's answers, its refusals as Ansible's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

PLUGINS = "ansible_collections.ephemeral.k8s.plugins.filter"


def filtered(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = importlib.import_module(f"{PLUGINS}.{name}").FilterModule().filters()[name]
    return found


@pytest.mark.parametrize("number", [123, "123"])
def test_namespace(number: int | str) -> None:
    assert filtered("namespace")("shop", number) == "shop-pr-123"


@pytest.mark.parametrize(
    ("project", "number", "words"), [("Shop", 1, "projectId 'Shop' is not valid"), ("shop", "1x", "pr '1x' is not")]
)
def test_namespace_refuses_what_could_not_name_one(project: str, number: int | str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        filtered("namespace")(project, number)


def test_host_and_url() -> None:
    assert filtered("host")("shop-pr-1", "preview.localhost") == "shop-pr-1.preview.localhost"
    assert filtered("host")("shop-pr-1", "preview.localhost", service="api") == "shop-pr-1-api.preview.localhost"
    assert filtered("url")("shop-pr-1.preview.localhost", 8443) == "https://shop-pr-1.preview.localhost:8443"
    assert filtered("url")("shop-pr-1.preview.localhost", "443") == "https://shop-pr-1.preview.localhost"


def test_host_refuses_a_name_that_dns_cannot_hold() -> None:
    with pytest.raises(AnsibleFilterError, match="63 at most"):
        filtered("host")("a" * 60, "preview.localhost", "service")


def test_quota() -> None:
    hard = filtered("quota")({"projectId": "shop", "databases": {"postgresql": True}})
    assert (hard["limits.cpu"], hard["requests.storage"], hard["pods"]) == ("1265m", "1Gi", "3")


def test_quota_refuses_a_configuration_that_is_not_valid() -> None:
    with pytest.raises(AnsibleFilterError, match=r"app\.port: is 0; must be a whole number"):
        filtered("quota")({"projectId": "shop", "app": {"port": 0}})
