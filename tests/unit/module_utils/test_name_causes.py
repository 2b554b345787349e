# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that an application does not find, in the words of what looked them up."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import recognise
from ansible_collections.ephemeral.k8s.plugins.module_utils.findings import Finding
from ansible_collections.ephemeral.k8s.tests.unit.situations import crashed, event, running, suspect

UNHEALTHY = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
LIBPQ = 'could not translate host name "shop-db" to address: '


def found(log: str, *, status: dict[str, Any] | None = None, component: str = "app") -> Finding:
    recognised = recognise(suspect(status or running(), log=log, events=(UNHEALTHY,), component=component))
    assert recognised is not None
    return recognised[1]


@pytest.mark.parametrize(
    "log",
    [
        f"{LIBPQ}Temporary failure in name resolution",
        r'{"reason": "could not translate host name \"shop-db\" to address: Temporary failure in name resolution"}',
        "Error: getaddrinfo EAI_AGAIN shop-db",
        "dial tcp: lookup shop-db on 10.96.0.10:53: server misbehaving",
        "dial tcp: lookup shop-db on 10.96.0.10:53: read udp 10.0.0.5:4->10.96.0.10:53: i/o timeout",
    ],
)
@pytest.mark.parametrize("status", [running(), crashed(1)], ids=["runs", "crashed"])
def test_a_name_service_that_does_not_answer_is_not_the_repositorys_fault(log: str, status: dict[str, Any]) -> None:
    finding = found(f"{log}\nGET /health 503", status=status)
    assert finding.reason == "NameNotResolved"
    assert finding.message == (
        "Pod/app-7d9c-x says in its log that host shop-db could not be looked up: "
        "the cluster's name service does not answer"
    )
    assert "maintainer" in finding.hint


@pytest.mark.parametrize(
    "log",
    [
        f"{LIBPQ}Name or service not known",
        "Error: getaddrinfo ENOTFOUND shop-db",
        "dial tcp: lookup shop-db on 10.96.0.10:53: no such host",
        "java.net.UnknownHostException: shop-db: Name or service not known",
        "NameResolutionError: Failed to resolve 'shop-db' ([Errno -2] Name or service not known)",
    ],
)
def test_a_name_that_nobody_has_is_to_be_corrected(log: str) -> None:
    finding = found(log)
    assert finding.reason == "NameNotResolved"
    assert finding.message == "Pod/app-7d9c-x says in its log that host shop-db is not known"
    assert "correct shop-db" in finding.hint


def test_without_a_name_in_the_log_the_fault_is_told_all_the_same() -> None:
    assert found("socket.gaierror: [Errno -2] Name or service not known").message.endswith("a host is not known")


def test_what_was_said_last_counts() -> None:
    log = "getaddrinfo ENOTFOUND first\ngetaddrinfo EAI_AGAIN second"
    assert "second could not be looked up" in found(log).message


@pytest.mark.parametrize("log", ["", "listening on 8080", "the answer was no such page"])
def test_a_log_that_speaks_of_no_name_says_nothing(log: str) -> None:
    assert found(log).reason == "HealthCheckFailed"


def test_what_a_database_cannot_find_is_not_the_repositorys_to_mend() -> None:
    assert found("Name or service not known", component="database").reason == "DatabaseNotReady"
