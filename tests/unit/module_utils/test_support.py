# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not served yet is refused by name; what asks for nothing is not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.support import DEFAULT_SLEEP_SECONDS, unsupported


def told(**document: Any) -> list[str]:
    return [fault.message for fault in unsupported(Config.parse({"projectId": "shop", **document}))]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"secrets": ["A"]}, "secrets"),
        ({"databases": {"mariadb": True}}, "databases.mariadb"),
        ({"databases": {"mongodb": {}}}, "databases.mongodb"),
        ({"databases": {"redis": {"enabled": True}}}, "databases.redis"),
        ({"databases": {"minio": True}}, "databases.s3"),
        ({"databases": {"postgresql": {"seed": "seed.sql"}}}, "databases.postgresql.seed"),
        ({"hooks": {"migrate": "make migrate"}}, "hooks.migrate"),
        ({"hooks": {"seed": "make seed"}}, "hooks.seed"),
        (
            {"ingress": {"annotations": {"traefik.ingress.kubernetes.io/service.sticky.cookie": "true"}}},
            "ingress.annotations",
        ),
        ({"metrics": {"enabled": True}}, "metrics.enabled"),
        ({"services": {"api": {"port": 1}}}, "services.api"),
        ({"source": {"chart": "deploy"}}, "source.chart"),
        ({"source": {"kustomize": "."}}, "source.kustomize"),
        ({"source": {"manifests": "k8s"}}, "source.manifests"),
        ({"sleep": {"idle": "2h"}}, "sleep.idle"),
    ],
)
def test_what_asks_for_something_not_served_is_named(document: dict[str, Any], field: str) -> None:
    assert told(**document) == [f"not yet supported: {field}"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"trigger": "label"},
        {"app": {"port": 1, "healthPath": "/", "metricsPath": "/m", "command": ["a"], "replicas": 2}},
        {"app": {"uid": 5, "writableDirs": ["/data"]}},
        {"image": {"context": "a", "dockerfile": "b", "repository": "c"}},
        {"resources": {"limits": {"cpu": 1}}},
        {"env": {"A": "b"}},
        {"databases": {"postgresql": {"version": "16", "storage": "2Gi"}}},
        {"ingress": {"enabled": False}},
        {"expiry": {"idle": "5d"}},
    ],
)
def test_what_is_served_is_not_refused(document: dict[str, Any]) -> None:
    assert told(**document) == []


@pytest.mark.parametrize(
    "document",
    [
        {"secrets": []},
        {"databases": {"mariadb": False, "redis": {"enabled": False, "storage": "1Gi"}}},
        {"hooks": {}},
        {"ingress": {"annotations": {}}},
        {"metrics": {"enabled": False, "interval": "1m"}},
        {"services": {}},
        {"sleep": {"idle": f"{DEFAULT_SLEEP_SECONDS}s"}},
    ],
)
def test_what_asks_for_nothing_is_not_refused(document: dict[str, Any]) -> None:
    assert told(**document) == []


def test_the_default_of_sleep_asks_for_nothing() -> None:
    assert Config.parse({"projectId": "shop"}).sleep_idle_seconds == DEFAULT_SLEEP_SECONDS


def test_all_are_told_at_once_with_their_lines() -> None:
    raw = (
        b"projectId: shop\nsecrets: [A]\ndatabases:\n  minio: true\n  postgresql:\n    seed: a.sql\nhooks: {seed: b}\n"
    )
    assert [str(fault) for fault in Config.load(raw).unsupported()] == [
        "line 2: not yet supported: secrets",
        "line 6: not yet supported: databases.postgresql.seed",
        "line 4: not yet supported: databases.s3",
        "line 7: not yet supported: hooks.seed",
    ]
