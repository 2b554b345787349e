# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a container that does not start or does not stay, in the words of runc and of common languages."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import recognise
from ansible_collections.ephemeral.k8s.plugins.module_utils.findings import Finding
from ansible_collections.ephemeral.k8s.tests.unit.situations import container, crashed, running, suspect, waiting

RUNC = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "


def found(*args: Any, **more: Any) -> Finding:
    recognised = recognise(suspect(*args, **more))
    assert recognised is not None
    return recognised[1]


def started(error: str, *, exit_code: int = 128) -> dict[str, Any]:
    return crashed(exit_code, "StartError", message=RUNC + error)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (started('exec: "server": executable file not found in $PATH: unknown', exit_code=127), "CommandNotFound"),
        (started("exec: /app/run: no such file or directory: unknown"), "CommandNotFound"),
        (started('exec: "/app/run": permission denied: unknown', exit_code=126), "CommandNotExecutable"),
        (started("exec /app/run: exec format error: unknown"), "WrongArchitecture"),
        (started("something new"), "StartFailed"),
        (waiting("RunContainerError", RUNC + 'exec: "x": executable file not found in $PATH'), "CommandNotFound"),
        (waiting("CreateContainerError", "no command specified"), "CommandNotFound"),
        (waiting("CreateContainerError", "something new"), "StartFailed"),
        (crashed(127, "ContainerCannotRun", message="no such file or directory"), "CommandNotFound"),
    ],
)
def test_a_command_that_cannot_be_started(status: dict[str, Any], reason: str) -> None:
    assert found(status).reason == reason


def test_of_the_runtimes_layers_only_what_happened_is_told() -> None:
    error = 'unable to start container process: exec: "server": executable file not found in $PATH: unknown'
    told = 'its command is not in the image: exec: "server": executable file not found in $PATH: unknown'
    assert found(started(error)).message == f"Pod/app-7d9c-x cannot start: {told}"


def test_a_program_for_another_processor_is_told_by_the_log_alone() -> None:
    finding = found(crashed(255), log="exec /usr/local/bin/node: exec format error\n")
    assert finding.reason == "WrongArchitecture"
    assert "--platform" in finding.hint


def test_out_of_memory_names_the_limit() -> None:
    finding = found(crashed(137, "OOMKilled"), spec=container(memory="64Mi"), log="KeyError: 'DATABASE_URL'")
    assert finding.reason == "OOMKilled"
    assert "its limit of 64Mi" in finding.message
    assert "resources.limits.memory" in finding.hint


def test_out_of_memory_without_a_known_limit() -> None:
    assert "its limit of unknown" in found(crashed(137, "OOMKilled"), spec={"name": "app"}).message


def test_a_database_out_of_memory_has_no_field_to_raise() -> None:
    assert "resources.limits" not in found(crashed(137, "OOMKilled"), component="database").hint


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("KeyError: 'DATABASE_URL'", "DATABASE_URL"),
        ("Error: DATABASE_URL is not set", "DATABASE_URL"),
        ("panic: env var API_KEY must be set", "API_KEY"),
        ("/start.sh: line 3: API_KEY: unbound variable", "API_KEY"),
        ("sh: 1: API_KEY: parameter not set", "API_KEY"),
        ('"SMTP_HOST" is required', "SMTP_HOST"),
        ("Missing required environment variable: SMTP_HOST", "SMTP_HOST"),
        ("ready\nError: Missing environment variable SMTP_HOST\n  at x", "SMTP_HOST"),
        ("SMTP_HOST environment variable not found", "SMTP_HOST"),
    ],
)
def test_a_variable_that_is_missing_is_named(log: str, name: str) -> None:
    finding = found(crashed(1), log=log)
    assert finding.reason == "MissingVariable"
    assert f"variable {name} is not set" in finding.message
    assert f"add {name} to env or secrets" in finding.hint


@pytest.mark.parametrize(
    "log", ["DATABASE_URL set to postgres://x", "HTTP_PROXY ignored", "KeyError: 'name'", "NODE_ENV is test"]
)
def test_a_variable_that_is_only_mentioned_is_not_missing(log: str) -> None:
    assert found(crashed(1), log=log).reason == "CrashLoop"


@pytest.mark.parametrize(
    ("log", "place", "directory"),
    [
        ("OSError: [Errno 30] Read-only file system: '/app/uploads'", "/app/uploads", "/app/uploads"),
        ("Error: EROFS: read-only file system, open '/app/cache/x.json'", "/app/cache/x.json", "/app/cache"),
        ("/start.sh: mkdir: cannot create directory '/data': Read-only file system", "/data", "/data"),
        ("open /srv/a.db: read-only file system", "/srv/a.db", "/srv"),
        ("Read-only file system", "its file system", "the directory"),
    ],
)
def test_a_read_only_file_system_names_the_path(log: str, place: str, directory: str) -> None:
    finding = found(crashed(1), log=f"starting\n{log}\n")
    assert finding.reason == "ReadOnlyFileSystem"
    assert f"cannot write to {place}, which" in finding.message
    assert f"add {directory} to app.writableDirs" in finding.hint


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("PermissionError: [Errno 13] Permission denied: '/app/.env'", "permission denied on /app/.env"),
        ("Error: EACCES: permission denied, open '/app/key'", "permission denied on /app/key"),
        ("chown: Operation not permitted", "permission denied"),
    ],
)
def test_permission_denied_names_the_path(log: str, said: str) -> None:
    finding = found(crashed(1), log=log)
    assert finding.reason == "PermissionDenied"
    assert finding.message.endswith(said)


@pytest.mark.parametrize(
    "log",
    [
        "Error: listen EACCES: permission denied 0.0.0.0:80",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
        "listen tcp :80: bind: permission denied",
        "Error: listen EACCES: permission denied :::80",
        "PermissionError: [Errno 13] Permission denied (while attempting to bind on address ('0.0.0.0', 80))",
    ],
)
def test_a_port_below_1024_is_not_allowed(log: str) -> None:
    finding = found(crashed(1), log=log)
    assert finding.reason == "PortNotAllowed"
    assert "port 80" in finding.message


def test_a_port_in_use() -> None:
    assert found(crashed(1), log="Error: listen EADDRINUSE: address already in use :::3000").reason == "PortInUse"


def test_a_process_that_ends_in_peace_is_no_service() -> None:
    finding = found(crashed(0, "Completed"))
    assert finding.reason == "ProcessEnded"
    assert "exit code 0" in finding.message


@pytest.mark.parametrize(
    ("code", "restarts", "said"),
    [
        (3, 0, "ended with exit code 3"),
        (1, 1, "ended with exit code 1 and was restarted 1 time"),
        (139, 2, "ended with exit code 139 (it crashed (SIGSEGV)) and was restarted 2 times"),
        (127, 4, "ended with exit code 127 (the command was not found) and was restarted 4 times"),
    ],
)
def test_a_crash_without_a_known_reason_says_code_and_restarts(code: int, restarts: int, said: str) -> None:
    finding = found(crashed(code, restarts=restarts), log="boom")
    assert finding.reason == "CrashLoop"
    assert finding.message == f"Pod/app-7d9c-x {said}"


def test_a_container_that_has_ended_and_not_been_restarted_yet() -> None:
    ended = {"name": "app", "ready": False, "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}
    assert found(ended).reason == "CrashLoop"


@pytest.mark.parametrize("log", ["Permission denied: '/var/lib'", "Read-only file system", "PGDATA_DIR is not set", ""])
def test_what_a_crashed_database_logs_is_not_the_repositorys_to_mend(log: str) -> None:
    finding = found(crashed(1), component="database", log=log)
    assert finding.reason == "DatabaseNotReady"
    assert "data before this push is kept" in finding.message


def test_the_init_container_is_named() -> None:
    finding = found(crashed(1, name="wait"), is_init=True)
    assert finding.message.startswith("init container wait of Pod/app-7d9c-x ended")


def test_what_a_running_container_logs_is_no_crash() -> None:
    assert recognise(suspect(running(), log="Permission denied: '/x'\nKeyError: 'DATABASE_URL'")) is None
