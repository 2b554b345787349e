# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One reading of a configuration: where each value stood, and every fault found on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from .errors import ConfigError, Fault
from .limits import DEFAULT_LIMITS, RangeLimits

Path = tuple[str | int, ...]
"""Keys and list positions from the top to a value."""

MAX_FAULTS: Final = 50
"""Faults told one by one; a file with more is not a configuration, and the log stays readable."""

MAX_SHOWN: Final = 60
"""Characters of a value that a message repeats."""

HIDDEN: Final = "a value that is not shown"
"""What messages say in place of a value that may be a password."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Rejected(Exception):  # noqa: N818 - not an error of its own: the fault is noted, the value is passed over
    """A value was refused and its fault noted; whoever holds the value goes on without it."""


class Refused:
    """Stands in a tree for a value that the document layer has already refused."""


REFUSED: Final = Refused()


def stays_inside(path: str) -> bool:
    """Takes a path on trust: nothing is known of the repository's links."""
    return False


@dataclass(kw_only=True)
class Reading:
    """What the rules share while one configuration is read.

    :param lines: line of each key or value of the file, from 1; empty where there is no file.
    :param texts: how numbers and booleans were spelled in the file.
    :param limits: of the namespace that this configuration is for.
    :param leads_out: whether a path of the repository, its links followed, ends outside of the repository.
    """

    lines: dict[Path, int] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    limits: RangeLimits = DEFAULT_LIMITS
    leads_out: Callable[[str], bool] = stays_inside
    _faults: list[Fault] = field(default_factory=list)
    _paths: set[Path] = field(default_factory=set)
    _untold: int = 0

    @property
    def full(self) -> bool:
        """Whether further faults are only counted, so that nobody need word them."""
        return len(self._faults) >= MAX_FAULTS

    def fault(self, path: Path, message: str, *, line: int | None = None) -> None:
        """Note a fault and go on.

        :param line: where it is; otherwise where the value, or what would hold it, stands.
        """
        self.mark(path)
        if self.full:
            self._untold += 1
        else:
            at = self.line(path) if line is None else line
            self._faults.append(Fault(field=dotted(path), message=message, line=at))

    def mark(self, path: Path) -> None:
        """Remember that a value was refused, so that checks across fields leave it, and what holds it, alone."""
        self._paths.update(path[:length] for length in range(len(path) + 1))

    def reject(self, path: Path, message: str) -> NoReturn:
        """Note a fault of a value that cannot be used.

        :raises Rejected: always.
        """
        self.fault(path, message)
        raise Rejected

    def faulty(self, *paths: Path) -> bool:
        """Whether a value, or something in it, was refused; a check across fields leaves such values alone."""
        return any(path in self._paths for path in paths)

    def line(self, path: Path) -> int | None:
        """Line of a value; of what would hold it, where it is absent from the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def shown(self, path: Path, value: object) -> str:
        """A value for a message: cut short, one line, and never one that may be secret."""
        if secret(path):
            return HIDDEN
        match value:
            case bool():
                return str(value).lower()
            case int() | float():
                return shorten(self.texts.get(path) or _number(value))
            case str():
                return shorten(repr(value))
            case _:
                return kind_of(value)

    def finish(self) -> None:
        """:raises ConfigError: with every fault, in the order of the file."""
        if not self._faults:
            return
        faults = sorted(self._faults, key=lambda fault: fault.line or 0)
        if self._untold:
            faults.append(Fault(field="", message=f"and {self._untold} more, not listed"))
        raise ConfigError(tuple(faults))


def secret(path: Path) -> bool:
    """Whether a value may be a password: variables and names of secrets, of the application or of a service."""
    return any(part in ("env", "secrets") for part in path[:3:2])


def dotted(path: Path) -> str:
    """A path as people write it.

    >>> dotted(("services", "api", "writableDirs", 0))
    'services.api.writableDirs[0]'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{shorten(repr(part))}]"
    return text


def shorten(text: str) -> str:
    """At most MAX_SHOWN characters, with a mark where something was cut."""
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def kind_of(value: object) -> str:
    """What a value is, in words of YAML."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


def _number(value: int | float) -> str:
    # Python refuses to write integers of more than 4300 digits.
    return "a huge number" if isinstance(value, int) and value.bit_length() > 256 else str(value)
