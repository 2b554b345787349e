# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that a crashed application tells itself, in the words of the common languages and frameworks."""

from __future__ import annotations

import re

from .endings import application_has_crashed, ending
from .findings import Finding, what
from .support import SERVED_DATABASES
from .suspects import Suspect
from .variables import GIVEN, GIVEN_BY_DATABASE

_VARIABLE = r"[A-Z][A-Z0-9]*_[A-Z0-9_]{1,60}"
_MISSING_VARIABLE = (
    re.compile(rf"KeyError: ['\"](?P<name>{_VARIABLE})['\"]"),
    re.compile(rf"key not found: ['\"](?P<name>{_VARIABLE})['\"]"),
    re.compile(
        rf"\b(?P<name>{_VARIABLE})\b[\"'`]?:? (?:environment variable )?(?i:(?:is |was )?(?:not set|unset|undefined"
        r"|not defined|not specified|not provided|not found|required|missing|empty|unbound variable|parameter not set)"
        r"|(?:must|has to|needs to|should) be (?:set|defined|provided|specified))"
    ),
    re.compile(
        r"(?i:(?:missing|required|undefined|unset|no) (?:required )?"
        r"(?:env(?:ironment)?(?: var(?:iable)?s?)?|variables?)):?"
        rf" [\"'`]?(?P<name>{_VARIABLE})\b"
    ),
    # zod; Django; Spring; pydantic, which writes names in lower case.
    re.compile(rf"\b(?P<name>{_VARIABLE})[\"']?: ?\[ ?[\"'](?i:required|invalid input)"),
    re.compile(rf"ImproperlyConfigured: Set the (?P<name>{_VARIABLE}) environment variable"),
    re.compile(rf"Could not resolve placeholder '(?P<name>{_VARIABLE})'"),
    re.compile(r"validation errors? for \w{0,60}[Ss]ettings\w{0,60}\n(?P<name>\w{1,60})\n +(?i:field required)"),
)
# What an application can do without is no reason to end.
_ONLY_WARNS = re.compile(
    r"(?i:\bwarn(?:ing)?\b|\bdeprecat|\boptional\b|\bdefault(?:s|ing) to\b|\bfall(?:s|ing)? ?back"
    r"|\bignor(?:ed|ing)\b|\bdisabl(?:ed|ing)\b|\bskipp(?:ed|ing)\b|[,;:(] ?using\b)"
)
_PATH_IN_LOG = r"[\"'`]?(?P<path>/[\w./@+-]{1,200})"
_READ_ONLY = re.compile(r"(?i:read-only file ?system|EROFS|attempt to write a readonly database)")
_DENIED = re.compile(
    r"(?i:permission denied|EACCES|operation not permitted|EPERM|AccessDeniedException|UnauthorizedAccessException)"
)
# Denied by a server, not by the file system.
_DENIED_ELSEWHERE = re.compile(
    r"(?i:permission denied (?:\(publickey|for (?:database|function|relation|schema|sequence|table|type|view)))"
)
_LOW_PORT = re.compile(
    r"(?i:(?:EACCES|permission denied)[^\n]{0,80}?(?:\d+\.\d+\.\d+\.\d+|\[?::\]?|port|\*):? ?(?P<a>\d{1,3})\b"
    r"|(?:bind|listen)[^\n]{0,80}?:(?P<b>\d{1,3})\b[^\n]{0,40}?permission denied"
    r"|permission denied[^\n]{0,40}?bind[^\n]{0,40}?', (?P<c>\d{1,3})\))"
)
# Python shows the line that failed, and no number.
_LOW_PORT_IN_TRACEBACK = re.compile(r"\bbind\([^\n]*\n(?:[ ~^]*\n)?PermissionError: ")
_IN_USE = re.compile(r"(?i:EADDRINUSE|address already in use)")
_OPENS = re.compile(r"(?i:\bopen\b|rb_sysopen|FileNotFoundException|FileOutputStream)")


def missing_variable(suspect: Suspect) -> Finding | None:
    """It names a variable that is not there."""
    if not application_has_crashed(suspect):
        return None
    for expression in _MISSING_VARIABLE:
        for found in expression.finditer(suspect.log):
            if _ONLY_WARNS.search(_around(found)):
                continue
            name = found["name"].upper()
            return Finding(
                reason="MissingVariable",
                message=f"{what(suspect)} {ending(suspect)}: its log says that variable {name} is not set",
                hint=_source(name),
            )
    return None


def low_port(suspect: Suspect) -> Finding | None:
    """It tried to listen below port 1024, which only root may."""
    if not application_has_crashed(suspect):
        return None
    if found := _LOW_PORT.search(suspect.log):
        port = found["a"] or found["b"] or found["c"]
        says, advice = f"it may not listen on port {port}", f"set app.port to {port} in k8s-ee.yaml"
    elif _LOW_PORT_IN_TRACEBACK.search(suspect.log):
        says, advice = "it may not listen on a port below 1024", "set app.port in k8s-ee.yaml to the port it listens on"
    else:
        return None
    return Finding(
        reason="PortNotAllowed",
        message=f"{what(suspect)} {ending(suspect)}: {says}",
        hint=f"listen on the port in $PORT, or {advice}: others below 1024 are closed",
    )


def port_in_use(suspect: Suspect) -> Finding | None:
    """It tried to listen on one port twice."""
    if not application_has_crashed(suspect) or not _IN_USE.search(suspect.log):
        return None
    return Finding(
        reason="PortInUse",
        message=f"{what(suspect)} {ending(suspect)}: the port it listens on is already in use",
        hint="let one process alone listen on $PORT; a start script may start the application twice",
    )


def read_only(suspect: Suspect) -> Finding | None:
    """It tried to write where the image is read-only."""
    line = _line(suspect, _READ_ONLY)
    if line is None:
        return None
    place = _path(line)
    directory = _directory(place, opened=bool(_OPENS.search(line)))
    # What becomes writable is empty at start. A directory right below the root is most often the application's own.
    hint = (
        f"add {directory} to app.writableDirs in k8s-ee.yaml (it will be empty at each start), or write to /tmp"
        if directory
        else "write to /tmp, or to a directory of its own that app.writableDirs in k8s-ee.yaml names (empty at each "
        "start, so none that the image fills)"
    )
    return Finding(
        reason="ReadOnlyFileSystem",
        message=f"{what(suspect)} {ending(suspect)}: it cannot write to {place or 'its file system'}, "
        "which is read-only",
        hint=hint,
    )


def permission(suspect: Suspect) -> Finding | None:
    """It was denied a file."""
    line = _line(suspect, _DENIED)
    if line is None or _DENIED_ELSEWHERE.search(line):
        return None
    place = _path(line)
    return Finding(
        reason="PermissionDenied",
        message=f"{what(suspect)} {ending(suspect)}: permission denied{f' on {place}' if place else ''}",
        hint=f"make {place or 'the file'} readable for the user of app.uid in the Dockerfile (`COPY --chown`); "
        "to write, add its directory to app.writableDirs",
    )


def _around(found: re.Match[str]) -> str:
    """The line that a match begins in."""
    start = found.string.rfind("\n", 0, found.start()) + 1
    end = found.string.find("\n", found.start())
    return found.string[start : end if end >= 0 else None]


def _source(name: str) -> str:
    """Where a variable of this name would come from."""
    for kind in SERVED_DATABASES:
        if name in GIVEN_BY_DATABASE[kind]:
            return f"set databases.{kind}: true in k8s-ee.yaml, which provides {name}; or set your own in env"
    if name in GIVEN:
        return f"{name} is the platform's to give: PREVIEW_URL only with ingress.enabled, the others always"
    return f"add {name} to env in k8s-ee.yaml"


def _line(suspect: Suspect, expression: re.Pattern[str]) -> str | None:
    """The last line of a crashed container's log that matches."""
    lines = suspect.log.splitlines() if application_has_crashed(suspect) and suspect.exit_code != 0 else []
    return next((line for line in reversed(lines) if expression.search(line)), None)


def _path(line: str) -> str:
    """The path of which a line complains: the last absolute one, since programs begin lines with their own."""
    paths = [found["path"].rstrip(".:,") for found in re.finditer(rf"(?<![\w/.]){_PATH_IN_LOG}", line)]
    return paths[-1] if paths else ""


def _directory(path: str, *, opened: bool) -> str:
    """The directory to make writable; empty where it would hide what the image brings."""
    parent, _, name = path.rpartition("/")
    is_file = opened or "." in name
    return (parent if parent.count("/") > 1 else "") if is_file else path
