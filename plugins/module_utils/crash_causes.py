# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a container that could not be started, or that ended although it should run."""

from __future__ import annotations

import re

from .findings import Finding, one_line, what
from .suspects import Suspect

_START_REASONS = ("RunContainerError", "CreateContainerError")
_ENDED_BEFORE_START = ("StartError", "ContainerCannotRun")

# What a number alone does not tell a reader; above 128 it is 128 plus the signal.
_EXIT_CODES = {
    126: "the command could not be executed",
    127: "the command was not found",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL)",
    139: "it crashed (SIGSEGV)",
    143: "it was told to stop (SIGTERM)",
}

_VARIABLE = r"[A-Z][A-Z0-9]*_[A-Z0-9_]{1,60}"
_MISSING_VARIABLE = (
    re.compile(rf"KeyError: ['\"](?P<name>{_VARIABLE})['\"]"),
    re.compile(
        rf"\b(?P<name>{_VARIABLE})\b[\"'`]?:? (?:environment variable )?(?i:(?:is |was )?(?:not set|unset|undefined"
        r"|not defined|not specified|not provided|not found|required|missing|empty|unbound variable|parameter not set)"
        r"|(?:must|has to|needs to|should) be (?:set|defined|provided|specified))"
    ),
    re.compile(
        r"(?i:(?:missing|required|undefined|unset|no) (?:required )?(?:env(?:ironment)?(?: variables?)?|variables?)):?"
        rf" [\"'`]?(?P<name>{_VARIABLE})\b"
    ),
)
_PATH_IN_LOG = r"[\"'`]?(?P<path>/[\w./@+-]{1,200})"
_READ_ONLY = re.compile(r"(?i:read-only file ?system|EROFS)")
_DENIED = re.compile(r"(?i:permission denied|EACCES|operation not permitted|EPERM)")
_LOW_PORT = re.compile(
    r"(?i:(?:EACCES|permission denied)[^\n]{0,80}?(?:\d+\.\d+\.\d+\.\d+|\[?::\]?|port|\*):? ?(?P<a>\d{1,3})\b"
    r"|(?:bind|listen)[^\n]{0,80}?:(?P<b>\d{1,3})\b[^\n]{0,40}?permission denied"
    r"|permission denied[^\n]{0,40}?bind[^\n]{0,40}?', (?P<c>\d{1,3})\))"
)
_IN_USE = re.compile(r"(?i:EADDRINUSE|address already in use)")


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
    ended_before_start = suspect.terminated.get("reason") in _ENDED_BEFORE_START
    if not ended_before_start and suspect.waiting_reason not in _START_REASONS:
        return None
    text = suspect.waiting_message or str(suspect.terminated.get("message", ""))
    if suspect.waiting_reason == "CrashLoopBackOff":
        text = str(suspect.terminated.get("message", ""))
    # Runtimes put what happened behind the names of all the layers that it came through.
    text = text.rpartition("unable to start container process: ")[2]
    lowered = text.lower()
    if (
        "executable file not found" in lowered
        or "no such file or directory" in lowered
        or "no command specified" in lowered
    ):
        reason, says = "CommandNotFound", "its command is not in the image"
        hint = "check app.command in k8s-ee.yaml, and ENTRYPOINT, CMD and the copied files in the Dockerfile"
    elif "permission denied" in lowered:
        reason, says = "CommandNotExecutable", "its command may not be executed"
        hint = "make the file executable in the Dockerfile (`COPY --chmod=755`), readable for the user of app.uid"
    else:
        reason, says = "StartFailed", "the container could not be started"
        hint = "check app.command in k8s-ee.yaml and the Dockerfile"
    return Finding(reason=reason, message=f"{what(suspect)} cannot start: {says}: {one_line(text)}", hint=hint)


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


def missing_variable(suspect: Suspect) -> Finding | None:
    """It ended and its log names a variable that is not there."""
    if not _application_has_crashed(suspect):
        return None
    for expression in _MISSING_VARIABLE:
        if found := expression.search(suspect.log):
            name = found["name"]
            return Finding(
                reason="MissingVariable",
                message=f"{what(suspect)} {_ended(suspect)}: its log says that variable {name} is not set",
                hint=f"add {name} to env or secrets in k8s-ee.yaml, or turn on the database that provides it",
            )
    return None


def low_port(suspect: Suspect) -> Finding | None:
    """It tried to listen below port 1024, which only root may."""
    found = _LOW_PORT.search(suspect.log) if _application_has_crashed(suspect) else None
    if not found:
        return None
    port = found["a"] or found["b"] or found["c"]
    return Finding(
        reason="PortNotAllowed",
        message=f"{what(suspect)} {_ended(suspect)}: it may not listen on port {port}",
        hint=f"listen on the port in $PORT, or set app.port to {port} in k8s-ee.yaml: others below 1024 are closed",
    )


def port_in_use(suspect: Suspect) -> Finding | None:
    """It tried to listen on one port twice."""
    if not _application_has_crashed(suspect) or not _IN_USE.search(suspect.log):
        return None
    return Finding(
        reason="PortInUse",
        message=f"{what(suspect)} {_ended(suspect)}: the port it listens on is already in use",
        hint="let one process alone listen on $PORT; a start script may start the application twice",
    )


def read_only(suspect: Suspect) -> Finding | None:
    """It tried to write where the image is read-only."""
    line = _line(suspect, _READ_ONLY)
    if line is None:
        return None
    place = _path(line)
    where = place or "its file system"
    return Finding(
        reason="ReadOnlyFileSystem",
        message=f"{what(suspect)} {_ended(suspect)}: it cannot write to {where}, which is read-only",
        hint=f"add {_directory(place) or 'the directory'} to app.writableDirs in k8s-ee.yaml, or write to /tmp",
    )


def permission(suspect: Suspect) -> Finding | None:
    """It was denied a file."""
    line = _line(suspect, _DENIED)
    if line is None:
        return None
    place = _path(line)
    return Finding(
        reason="PermissionDenied",
        message=f"{what(suspect)} {_ended(suspect)}: permission denied{f' on {place}' if place else ''}",
        hint=f"make {place or 'the file'} readable for the user of app.uid in the Dockerfile (`COPY --chown`); "
        "to write, add its directory to app.writableDirs",
    )


def ended(suspect: Suspect) -> Finding | None:
    """It ended in peace, although it should serve."""
    if not _has_crashed(suspect) or suspect.exit_code != 0:
        return None
    return Finding(
        reason="ProcessEnded",
        message=f"{what(suspect)} ended by itself with exit code 0; a service has to keep running",
        hint="let app.command, or CMD in the Dockerfile, run the server in the foreground",
    )


def crash(suspect: Suspect) -> Finding | None:
    """It ended with an error, and nothing more is known than its exit code and log."""
    if not _has_crashed(suspect):
        return None
    if suspect.is_database:
        return Finding(
            reason="DatabaseNotReady",
            message=f"{what(suspect)} {_ended(suspect)}; the data before this push is kept",
            hint="read the log; when `version` was changed, data of another version cannot be opened: change it back",
        )
    return Finding(
        reason="CrashLoop",
        message=f"{what(suspect)} {_ended(suspect)}",
        hint="read the log: its last lines say why the application ended; run the image with the same variables",
    )


def _has_crashed(suspect: Suspect) -> bool:
    return bool(suspect.terminated) and suspect.terminated.get("reason") not in _ENDED_BEFORE_START


def _application_has_crashed(suspect: Suspect) -> bool:
    # What a database writes about files and ports is not the repository's to mend.
    return _has_crashed(suspect) and not suspect.is_database


def _ended(suspect: Suspect) -> str:
    code = suspect.exit_code
    times = suspect.status.get("restartCount", 0)
    known = _EXIT_CODES.get(code if code is not None else -1)
    meaning = f" ({known})" if known else ""
    again = f" and was restarted {times} time{'s' if times != 1 else ''}" if times else ""
    return f"ended with exit code {code}{meaning}{again}"


def _line(suspect: Suspect, expression: re.Pattern[str]) -> str | None:
    """The last line of a crashed container's log that matches."""
    lines = suspect.log.splitlines() if _application_has_crashed(suspect) and suspect.exit_code != 0 else []
    return next((line for line in reversed(lines) if expression.search(line)), None)


def _path(line: str) -> str:
    """The path of which a line complains: the last absolute one, since programs begin lines with their own."""
    paths = [found["path"].rstrip(".:,") for found in re.finditer(rf"(?<![\w/.]){_PATH_IN_LOG}", line)]
    return paths[-1] if paths else ""


def _directory(path: str) -> str:
    parent, _, name = path.rpartition("/")
    return (parent or path) if "." in name else path
