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
    ("code", "log", "reason"),
    [
        (127, "sh: 1: gunicorn: not found", "CommandNotFound"),
        (127, "/bin/sh: ./server: No such file or directory", "CommandNotFound"),
        (126, "sh: 1: ./server: Permission denied", "CommandNotExecutable"),
        (126, "bash: ./server: cannot execute: required file not found", "CommandNotExecutable"),
    ],
)
def test_a_command_that_a_shell_cannot_start_is_told_in_its_words(code: int, log: str, reason: str) -> None:
    finding = found(crashed(code), log=f"starting\n{log}\n")
    assert finding.reason == reason
    assert finding.message.endswith(f": {log}")


def test_an_exit_code_of_a_shell_without_its_words_is_a_crash() -> None:
    assert found(crashed(127), log="bye").reason == "CrashLoop"
    assert found(crashed(1), log="page not found").reason == "CrashLoop"


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


def test_a_database_that_crashes_leaves_its_developer_a_way_out() -> None:
    hint = found(crashed(1), component="database").hint
    assert "change it back" in hint
    assert "maintainer" in hint


def test_the_init_container_is_named() -> None:
    finding = found(crashed(1, name="wait"), is_init=True)
    assert finding.message.startswith("init container wait of Pod/app-7d9c-x ended")


def test_what_a_running_container_logs_is_no_crash() -> None:
    assert recognise(suspect(running(), log="Permission denied: '/x'\nKeyError: 'DATABASE_URL'")) is None
