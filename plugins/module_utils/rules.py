# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of `k8s-ee.yaml`'s single values, one constant each, with the reason for every bound."""

from __future__ import annotations

from typing import Final

from .errors import PreviewError
from .fields import Amount, Choice, Flag, Integer, RepositoryPath, Rule, Schema, Text
from .names import PROJECT_PATTERN, PROJECT_RULE, SERVICE_MAX
from .quantities import (
    GIB,
    MIB,
    cpu_millis,
    duration_seconds,
    format_bytes,
    format_cpu,
    format_duration,
    memory_bytes,
    storage_bytes,
)
from .reading import Path, Reading
from .shapes import ListOf, MapOf

_BYTES = r"[0-9]{1,7}(?:\.[0-9]{1,3})?(?:Ki|Mi|Gi|k|M|G)|[0-9]{1,13}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _duration(*, least: int, most: int) -> Amount:
    return Amount(
        parse=duration_seconds,
        form=format_duration,
        pattern=r"(?:[0-9]{1,6}[dhms]){1,4}",
        example="30s, 45m, 1h30m or 3d",
        least=least,
        most=most,
    )


def _writable_dir(text: str) -> str:
    clean = text.rstrip("/")
    if clean == "/tmp":
        raise PreviewError("it is always writable; remove the entry")
    if clean.split("/")[1] in ("proc", "sys", "dev"):
        raise PreviewError("the kernel's directories cannot be replaced")
    return clean


class Command(Rule[tuple[str, ...]]):
    """A program with its arguments as a list, or one line for `sh -c`."""

    _WORDS: Final = ListOf(
        Text(rule="text without NUL characters", pattern=r"[^\x00]*", max_length=8192), least=1, most=100, unique=False
    )

    def accept(self, value: object, path: Path, reading: Reading) -> tuple[str, ...]:
        """The words; a line becomes ``("sh", "-c", line)``."""
        if isinstance(value, list | tuple):
            words = self._WORDS.accept(value, path, reading)
            if words and not words[0].strip():
                reading.reject((*path, 0), "is blank; must name a program")
            return words
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            reading.reject(path, f"is {reading.shown(path, value)}; must be a command line or a list of words")
        return ("sh", "-c", str(value))

    def write(self, value: tuple[str, ...]) -> list[str]:
        """See :meth:`Rule.write`."""
        return list(value)

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"anyOf": [{"type": "string", "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}, self._WORDS.schema()]}


class VariableValue(Rule[str]):
    """Text of a variable; numbers and booleans must be quoted, since YAML would respell them (3.10 is 3.1)."""

    nothing = 'has no value; write one, or "" for an empty one'

    def accept(self, value: object, path: Path, reading: Reading) -> str:
        """See :meth:`Rule.accept`; no message repeats the value."""
        match value:
            case str() if "\0" not in value:
                return str(value)
            case str():
                reading.reject(path, "has a NUL character, which no variable can hold")
            case bool() | int() | float():
                reading.reject(path, "is a number or true/false, must be text: put the value in quotes")
            case _:
                reading.reject(path, "must be text")

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"type": "string", "pattern": r"^[^\x00]*$"}


FLAG: Final = Flag()
PROJECT_ID: Final = Text(pattern=PROJECT_PATTERN, rule=PROJECT_RULE)
TRIGGER: Final = Choice("automatic", "label", "on-demand")

# Ports below 1024 need no root where the pod sets net.ipv4.ip_unprivileged_port_start, a safe sysctl.
PORT: Final = Integer(least=1, most=65535)
# 0 is root, which the restricted Pod Security level refuses.
UID: Final = Integer(least=1, most=2**31 - 1)
REPLICAS: Final = Integer(least=1, most=10)

URL_PATH: Final = Text(
    pattern=r"/(?!/)[!-\"$-~]*",
    rule="a path of a URL: beginning with one '/', of printable ASCII without spaces and '#'",
    max_length=200,
)
COMMAND: Final = Command()
REPOSITORY_PATH: Final = RepositoryPath()
WRITABLE_DIRS: Final = ListOf(
    Text(
        pattern=r"(?:/(?!\.\.?(?:/|$))[^/\s:\x00-\x1f]+)+/?",
        rule="an absolute path below '/', without '.', '..', ':' or white space",
        max_length=255,
        clean=_writable_dir,
    ),
    most=10,
)
IMAGE_REPOSITORY: Final = Text(
    # https://github.com/distribution/reference, without tag and digest: those are the run's.
    pattern=r"(?:[a-zA-Z0-9.-]+(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
    rule="an image repository such as registry.example.org/team/app, without tag or digest",
    max_length=255,
)

CPU: Final = Amount(
    parse=cpu_millis,
    form=format_cpu,
    pattern=r"[0-9]{1,6}m|[0-9]{1,3}(?:\.[0-9]{1,3})?",
    example="250m or 0.5",
    least=1,
    numbers=True,
)
# Docker and runc refuse less than 6 MiB; a process of any language needs more.
MEMORY: Final = Amount(
    parse=memory_bytes, form=format_bytes, pattern=_BYTES, example="256Mi", least=8 * MIB, most=1024 * GIB
)
STORAGE: Final = Amount(parse=storage_bytes, form=format_bytes, pattern=_BYTES, example="1Gi", least=1, most=1024 * GIB)

EXPIRY: Final = _duration(least=_HOUR, most=30 * _DAY)
SLEEP: Final = _duration(least=5 * _MINUTE, most=30 * _DAY)
# Below 5 s a scrape costs more than it tells; above 5 min Prometheus calls the series stale.
METRICS_INTERVAL: Final = _duration(least=5, most=5 * _MINUTE)

VARIABLE_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
ENV: Final = MapOf(
    VariableValue(),
    key_pattern=VARIABLE_NAME,
    key="a variable's name: letters, digits and '_', not beginning with a digit",
    most=200,
)
SECRETS: Final = ListOf(
    Text(
        pattern=VARIABLE_NAME,
        rule="the name of a project secret, as its variable is called: letters, digits and '_', no leading digit",
        max_length=253,
    ),
    most=100,
)

SERVICE_NAME: Final = rf"[a-z](?:[a-z0-9-]{{0,{SERVICE_MAX - 2}}}[a-z0-9])?"
SERVICE_NAME_RULE: Final = (
    f"1 to {SERVICE_MAX} of a-z, 0-9 and '-', beginning with a letter and ending with a letter or digit"
)
