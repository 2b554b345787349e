# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a container that could not be started, or that ended although it should run."""

from __future__ import annotations

import re

from .endings import ENDED_BEFORE_START, application_has_crashed, ending, has_crashed
from .findings import MAINTAINER, Finding, one_line, what
from .suspects import Suspect

_START_REASONS = ("RunContainerError", "CreateContainerError")
_NOT_FOUND = ("executable file not found", "no such file or directory", "no command specified")

# What a shell says of a command, by the exit code that it then ends with.
_SHELL = {
    126: ("CommandNotExecutable", re.compile(r"(?i:permission denied|cannot execute|is a directory)")),
    127: ("CommandNotFound", re.compile(r"(?i:not found|no such file)")),
}
_SAYS = {
    "CommandNotFound": "its command is not in the image",
    "CommandNotExecutable": "its command may not be executed",
    "StartFailed": "the container could not be started",
}
_HINTS = {
    "CommandNotFound": "check app.command in k8s-ee.yaml, and ENTRYPOINT, CMD and the copied files in the Dockerfile",
    "CommandNotExecutable": "make the file executable in the Dockerfile (`COPY --chmod=755`), readable for the user of "
    "app.uid",
    "StartFailed": "check app.command in k8s-ee.yaml and the Dockerfile",
}


def architecture(suspect: Suspect) -> Finding | None:
    """The program is for another processor."""
    said = f"{suspect.waiting_message}\n{suspect.terminated.get('message', '')}\n{suspect.log}"
    if not suspect.status or suspect.status.get("ready") or "exec format error" not in said.lower():
        return None
    return Finding(
        reason="WrongArchitecture",
        message=f"{what(suspect)} cannot start: image {suspect.image} holds a program for another processor",
        hint="build the image for the cluster's platform, for example `--platform linux/amd64,linux/arm64`; "
        "a start script without a first line such as #!/bin/sh gives this error too",
    )


def command(suspect: Suspect) -> Finding | None:
    """The command is not in the image, or cannot be executed."""
    ended_before_start = suspect.terminated.get("reason") in ENDED_BEFORE_START
    if not ended_before_start and suspect.waiting_reason not in _START_REASONS:
        return None
    text = suspect.waiting_message or str(suspect.terminated.get("message", ""))
    if suspect.waiting_reason == "CrashLoopBackOff":
        text = str(suspect.terminated.get("message", ""))
    # Runtimes put what happened behind the names of all the layers that it came through.
    text = text.rpartition("unable to start container process: ")[2]
    lowered = text.lower()
    if any(words in lowered for words in _NOT_FOUND):
        reason = "CommandNotFound"
    else:
        reason = "CommandNotExecutable" if "permission denied" in lowered else "StartFailed"
    return Finding(
        reason=reason,
        message=f"{what(suspect)} cannot start: {_SAYS[reason]}: {one_line(text)}",
        hint=_HINTS[reason],
    )


def command_of_shell(suspect: Suspect) -> Finding | None:
    """The same where a shell was to start it: the shell ends, with a code of its own and a line that says why."""
    reason, words = _SHELL.get(suspect.exit_code or 0, ("", None))
    if words is None or not application_has_crashed(suspect):
        return None
    line = next((line for line in reversed(suspect.log.splitlines()) if words.search(line)), None)
    if line is None:
        return None
    return Finding(
        reason=reason,
        message=f"{what(suspect)} {ending(suspect)}: {one_line(line, 200)}",
        hint=_HINTS[reason],
    )


def out_of_memory(suspect: Suspect) -> Finding | None:
    """The kernel ended it at its memory limit."""
    if suspect.terminated.get("reason") != "OOMKilled":
        return None
    limit = ((suspect.container.get("resources") or {}).get("limits") or {}).get("memory", "unknown")
    return Finding(
        reason="OOMKilled",
        message=f"{what(suspect)} needed more memory than its limit of {limit} and was killed",
        hint="load less data at once; a database's memory is set by the platform"
        if suspect.is_database
        else f"raise resources.limits.memory in k8s-ee.yaml (now {limit}), or let the application use less",
    )


def ended(suspect: Suspect) -> Finding | None:
    """It ended in peace, although it should serve."""
    if not has_crashed(suspect) or suspect.exit_code != 0:
        return None
    return Finding(
        reason="ProcessEnded",
        message=f"{what(suspect)} ended by itself with exit code 0; a service has to keep running",
        hint="let app.command, or CMD in the Dockerfile, run the server in the foreground",
    )


def crash(suspect: Suspect) -> Finding | None:
    """It ended with an error, and nothing more is known than its exit code and log."""
    if not has_crashed(suspect):
        return None
    if suspect.is_database:
        return Finding(
            reason="DatabaseNotReady",
            message=f"{what(suspect)} {ending(suspect)}; the data before this push is kept",
            hint="read the log; when `version` was changed, data of another version cannot be opened: change it back; "
            f"otherwise {MAINTAINER}",
        )
    return Finding(
        reason="CrashLoop",
        message=f"{what(suspect)} {ending(suspect)}",
        hint="read the log: its last lines say why the application ended; run the image with the same variables",
    )
