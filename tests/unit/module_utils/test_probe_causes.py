# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a container that runs and is never ready, in the kubelet's words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import recognise
from ansible_collections.ephemeral.k8s.plugins.module_utils.findings import Finding
from ansible_collections.ephemeral.k8s.tests.unit.situations import container, crashed, event, running, suspect

STATUS_500 = "Readiness probe failed: HTTP probe failed with statuscode: 500"
REFUSED = (
    'Readiness probe failed: Get "http://10.0.0.5:3000/health": dial tcp 10.0.0.5:3000: connect: connection refused'
)
AWAIT = "(Client.Timeout exceeded while awaiting headers)"


def unhealthy(message: str, **more: Any) -> dict[str, Any]:
    return event("Unhealthy", message, **more)


def found(message: str, *, status: dict[str, Any] | None = None, **more: Any) -> Finding:
    recognised = recognise(suspect(status or running(), events=(unhealthy(message),), **more))
    assert recognised is not None
    return recognised[1]


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (500, "read the log"),
        (503, "read the log"),
        (404, "app.healthPath"),
        (401, "login"),
        (400, "Host"),
        (418, "2xx"),
    ],
)
def test_the_status_that_the_kubelet_saw_is_told_with_path_and_port(status: int, hint: str) -> None:
    finding = found(f"Readiness probe failed: HTTP probe failed with statuscode: {status}")
    assert finding.reason == "HealthCheckFailed"
    assert finding.message == f"Pod/app-7d9c-x runs, but GET /health on port 3000 answered {status}"
    assert hint in finding.hint


@pytest.mark.parametrize("probe", ["Readiness", "Liveness", "Startup"])
def test_every_probe_counts(probe: str) -> None:
    assert found(STATUS_500.replace("Readiness", probe)).reason == "HealthCheckFailed"


def test_a_refused_connection_is_a_wrong_port() -> None:
    finding = found(REFUSED)
    assert finding.reason == "WrongPort"
    assert "nothing listens on port 3000" in finding.message
    assert "app.port" in finding.hint


@pytest.mark.parametrize(
    "line",
    [
        "Server listening on port 8080",
        "Listening at http://0.0.0.0:8080",
        "* Running on http://127.0.0.1:8080",
        "started on :8080",
    ],
)
def test_a_wrong_port_names_the_one_in_the_log(line: str) -> None:
    finding = found(REFUSED, log=f"connecting to db:5432\n{line}\n")
    assert "its log speaks of port 8080" in finding.message
    assert "set app.port to 8080" in finding.hint


def test_the_right_port_in_the_log_means_the_wrong_address() -> None:
    assert "0.0.0.0" in found(REFUSED, log="listening on 127.0.0.1:3000").hint


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            f'Readiness probe failed: Get "http://10.0.0.5:3000/health": context deadline exceeded {AWAIT}',
            "HealthCheckTimeout",
        ),
        ("Startup probe failed: command timed out", "HealthCheckTimeout"),
        ('Readiness probe failed: Get "http://x": net/http: malformed HTTP response "\\x15\\x03"', "HealthCheckNoHttp"),
        ('Readiness probe failed: Get "http://x": EOF', "HealthCheckNoHttp"),
        ("Readiness probe failed: something new", "HealthCheckFailed"),
        ("Readiness probe errored and resulted in unknown state: something new", "HealthCheckFailed"),
    ],
)
def test_other_answers_and_none(message: str, reason: str) -> None:
    assert found(message).reason == reason


def test_a_probe_that_only_connects_names_its_port() -> None:
    spec = container() | {"readinessProbe": {"tcpSocket": {"port": 9000}}}
    message = "Readiness probe failed: dial tcp 10.0.0.5:9000: i/o timeout"
    assert "a connection to port 9000 was not answered" in found(message, spec=spec).message


def test_a_container_without_that_probe_is_still_told() -> None:
    assert "port unknown" in found(REFUSED, spec={"name": "app"}).message


def test_a_database_that_does_not_answer() -> None:
    finding = found("Readiness probe failed: /tmp:5432 - rejecting connections", component="database")
    assert finding.reason == "DatabaseNotReady"
    assert "rejecting connections" in finding.message


@pytest.mark.parametrize("probe", ["liveness", "startup"])
def test_what_the_kubelet_killed_was_not_crashing(probe: str) -> None:
    killing = event("Killing", f"Container app failed {probe} probe, will be restarted")
    for code in (137, 143, 0):
        recognised = recognise(suspect(crashed(code), events=(killing, unhealthy(STATUS_500))))
        assert recognised is not None
        assert recognised[1].reason == "HealthCheckFailed"


def test_out_of_memory_outranks_a_probe_that_failed_meanwhile() -> None:
    killing = event("Killing", "Container app failed liveness probe, will be restarted")
    recognised = recognise(suspect(crashed(137, "OOMKilled"), events=(killing, unhealthy(REFUSED))))
    assert recognised is not None
    assert recognised[1].reason == "OOMKilled"


def restarted(at: str) -> dict[str, Any]:
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": at}
    return running(restartCount=1, lastState={"terminated": ended})


@pytest.mark.parametrize(
    ("message", "finished_at", "reason"),
    [
        # It came back, waited for its database perhaps, and answers now: what it answers is the cause.
        (STATUS_500, "2026-01-01T09:59:00Z", "HealthCheckFailed"),
        # It answered, and then crashed.
        (STATUS_500, "2026-01-01T10:00:30Z", "CrashLoop"),
        # It starts, refuses while it does, and crashes again: the crash is the cause.
        (REFUSED, "2026-01-01T09:59:00Z", "CrashLoop"),
    ],
)
def test_a_crash_is_history_once_the_container_answers(message: str, finished_at: str, reason: str) -> None:
    assert found(message, status=restarted(finished_at)).reason == reason


@pytest.mark.parametrize("message", ["", "Readiness probe is odd"])
def test_without_words_of_a_probe_nothing_is_claimed(message: str) -> None:
    assert recognise(suspect(running(), events=(unhealthy(message),))) is None


def test_an_init_container_is_not_probed() -> None:
    assert recognise(suspect(running(), events=(unhealthy(STATUS_500),), is_init=True)) is None
