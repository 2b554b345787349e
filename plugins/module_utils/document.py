# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of `k8s-ee.yaml` to a plain tree: the part of YAML that every reader understands alike, the rest refused.

Built on the parser's events, without recursion and without constructors: no input can make an object, expand an alias
or exhaust the stack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from .reading import REFUSED, Path, Reading, kind_of, secret, shorten
from .scalars import Trap, decoration, resolve

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 16
MAX_VALUES: Final = 5_000
"""Keys and values: more than the rules allow all maps to hold together. So many are read in 20 ms."""

# libyaml reads 64 KiB in 10 ms, the parser in Python in 300; both refuse the same.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_TAB: Final = "a tab; YAML is indented with spaces"
_SYNTAX: Final = {
    "found a tab character that violates indentation": _TAB,
    "found a tab character that violates intendation": _TAB,
    "found character that cannot start any token": "a character that no value begins with; put the value in quotes",
    "mapping values are not allowed in this context": "a ':' where none can be; check the indentation, or use quotes",
    "mapping values are not allowed here": "a ':' where none can be; check the indentation, or use quotes",
    "could not find expected ':'": "a line without ':' where a key was expected",
    "did not find expected key": "a line where a key was expected; check indentation and brackets",
}


def read(raw: bytes, reading: Reading) -> object:
    """The document as mappings, lists and scalars; lines and spellings go into ``reading``.

    A value that is refused by itself (a tag, an alias, a duplicate key) becomes REFUSED or is left out, so that the
    rest is still checked.

    :raises ConfigError: where nothing can be read: too large, not UTF-8, no YAML, empty, several documents.
    """
    _check_bytes(raw, reading)
    reading.finish()
    builder = _Builder(reading)
    try:
        for event in yaml.parse(raw, Loader=_LOADER):
            builder.feed(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        reading.fault((), f"is not valid YAML: {_syntax(error, raw, line)}", line=line)
        reading.finish()
    except _Hopeless:
        reading.finish()
    if builder.root is None:
        reading.fault((), "is empty; write at least projectId", line=1)
        reading.finish()
    return builder.root


def _check_bytes(raw: bytes, reading: Reading) -> None:
    if len(raw) > MAX_BYTES:
        reading.fault((), f"is larger than {MAX_BYTES // 1024} KiB; shorten it")
    elif raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        reading.fault((), "begins with a byte order mark; save it as UTF-8 without one", line=1)
    else:
        _check_text(raw, reading)


def _check_text(raw: bytes, reading: Reading) -> None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reading.fault((), f"is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8", line=line)
        return
    unseen = _UNSEEN.search(text)
    if unseen is not None:
        line = text.count("\n", 0, unseen.start()) + 1
        reading.fault((), f"has the invisible character U+{ord(unseen[0]):04X}; remove it", line=line)


def _syntax(error: yaml.YAMLError, raw: bytes, line: int | None) -> str:
    lines = raw.splitlines()
    text = lines[line - 1] if line is not None and line <= len(lines) else b""
    if b"\t" in text[: len(text) - len(text.lstrip())]:
        return _TAB
    problem = str(getattr(error, "problem", None) or "it cannot be read")
    problem = re.sub(r"^found character '.*' that", "found character that", problem)
    return _SYNTAX.get(problem, shorten(problem))


class _Hopeless(Exception):  # noqa: N818 - control flow; the fault is noted
    """Reading on would tell nothing more."""


class _Dropped:
    """Stands for a key that was refused; its value is read over."""


_DROPPED: Final = _Dropped()


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled; the outermost holds the document alone.

    :param dropped: it leads nowhere, and its faults are not told.
    :param key: the key whose value comes next; None where a key comes next.
    """

    held: dict[str, object] | list[object]
    path: Path
    dropped: bool = False
    outermost: bool = False
    key: str | _Dropped | None = None
    first_seen: dict[str, int] = field(default_factory=dict)

    @property
    def awaits_key(self) -> bool:
        return self.key is None and isinstance(self.held, dict)

    @property
    def silent(self) -> bool:
        return self.dropped or isinstance(self.key, _Dropped)

    def place(self) -> Path:
        """Path of the value that comes next."""
        if self.outermost:
            return self.path
        if isinstance(self.held, list):
            return (*self.path, len(self.held))
        return (*self.path, self.key) if isinstance(self.key, str) else self.path

    def take(self, value: object) -> None:
        """Put a value in its place."""
        if isinstance(self.held, list):
            self.held.append(value)
            return
        if isinstance(self.key, str):
            self.held[self.key] = value
        self.key = None


class _Builder:
    """Takes the parser's events one by one."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._frames = [_Frame([], (), outermost=True)]
        self._documents = 0
        self._values = 0

    @property
    def root(self) -> object:
        """The document; None where there is none."""
        held = self._frames[0].held
        return held[0] if isinstance(held, list) and held else None

    def feed(self, event: yaml.Event) -> None:
        """:raises _Hopeless: where the rest need not be read."""
        match event:
            case yaml.ScalarEvent():
                self._put(resolve(event), event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._frames.pop()
            case yaml.AliasEvent():
                verdict = "is not allowed; write the value out, in quotes if it begins with '*'"
                self._put(Trap(f"alias *{event.anchor}", verdict), event)
            case yaml.DocumentStartEvent():
                self._document(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._give_up("has a second document ('---') here; one file is one document", event)
        if event.version or event.tags:
            self._reading.fault((), "has a directive ('%'); remove that line", line=_line(event))

    def _open(self, held: dict[str, object] | list[object], event: Any) -> None:
        frame = self._frames[-1]
        path, dropped = frame.place(), frame.silent or frame.awaits_key
        trap = decoration(event)
        if trap is not None and not dropped:
            self._reading.fault(path, trap.told(hidden=secret(path)), line=_line(event))
        self._put(held, event)
        if len(self._frames) > MAX_DEPTH:
            self._give_up(f"is nested deeper than {MAX_DEPTH} levels", event)
        self._frames.append(_Frame(held, path, dropped))

    def _put(self, value: object, event: Any) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            self._give_up(f"has more than {MAX_VALUES} keys and values", event)
        frame = self._frames[-1]
        if frame.awaits_key:
            frame.key = self._key(frame, value, event)
            return
        if not frame.silent:
            path = frame.place()
            self._reading.lines.setdefault(path, _line(event))
            if isinstance(value, Trap):
                self._reading.fault(path, value.told(hidden=secret(path)), line=_line(event))
            elif isinstance(value, bool | int | float):
                self._reading.texts[path] = event.value
        frame.take(REFUSED if isinstance(value, Trap) else value)

    def _key(self, frame: _Frame, key: object, event: Any) -> str | _Dropped:
        line = _line(event)
        message = ""
        match key:
            case str() if key not in frame.first_seen:
                frame.first_seen[key] = line
                if not frame.dropped:
                    self._reading.lines[(*frame.path, key)] = line
                return key
            case str():
                message = f"stands there twice, first in line {frame.first_seen[key]}; remove one"
            case Trap():
                message = f"as a key, {key.told(hidden=False)}"
            case _:
                message = f"has a key that is {kind_of(key)}; keys must be text"
        if not frame.dropped:
            self._reading.fault((*frame.path, key) if isinstance(key, str) else frame.path, message, line=line)
        return _DROPPED

    def _give_up(self, message: str, event: Any) -> None:
        self._reading.fault((), message, line=_line(event))
        raise _Hopeless


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
