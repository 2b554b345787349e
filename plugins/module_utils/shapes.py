# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for values that hold others: a dataclass's fields, a map with free keys, a list."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .declaration import keys_of
from .fields import Rule, Schema
from .reading import Path, Reading, Rejected, kind_of, shorten

T = TypeVar("T")


class Record(Rule[T]):
    """A mapping whose keys are the declared fields of a dataclass.

    :param check: a check across fields; it notes faults and asks ``reading.faulty`` which values to leave alone. Of
        required fields it may rely on nothing.
    :param other_names: where what people write instead of a key really is, by what they write.
    """

    def __init__(
        self,
        made: type[T],
        *,
        check: Callable[[T, Path, Reading], None] | None = None,
        other_names: Mapping[str, str] | None = None,
        **rules: Rule[Any],
    ) -> None:
        self._made = made
        self._check = check
        self._other_names = other_names or {}
        self.keys = tuple(keys_of(made, rules))
        self._by_name = {key.name: key for key in self.keys}

    def accept(self, value: object, path: Path, reading: Reading) -> T:
        """The dataclass; a refused value is replaced by its default, so that the rest is checked too.

        :raises Rejected: where a required field is absent or refused.
        """
        if not isinstance(value, Mapping):
            reading.reject(path, f"is {kind_of(value)}; must be a mapping of {', '.join(self._by_name)}")
        for name in value:
            if name not in self._by_name:
                self._unknown(name, path, reading)
        filled: dict[str, Any] = {}
        for key in self.keys:
            if key.name in value:
                try:
                    filled[key.field] = key.rule.read(value[key.name], (*path, key.name), reading)
                except Rejected:
                    continue
            elif key.default is None:
                reading.fault((*path, key.name), "is required and not there")
        absent = [key.field for key in self.keys if key.default is None and key.field not in filled]
        made = self._made(**filled, **dict.fromkeys(absent))
        if self._check is not None:
            self._check(made, path, reading)
        if absent:
            raise Rejected
        return made

    def write(self, value: T) -> dict[str, Any]:
        """See :meth:`Rule.write`; an optional value that is not there has no key."""
        values = ((key, getattr(value, key.field)) for key in self.keys)
        return {key.name: key.rule.write(held) for key, held in values if held is not None}

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        properties = {}
        for key in self.keys:
            described = {"description": key.about} | key.rule.schema()
            default = key.default() if key.default is not None else None
            if default is not None:
                described["default"] = key.rule.write(default)
            properties[key.name] = described
        required = [key.name for key in self.keys if key.default is None]
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        return schema | ({"required": required} if required else {})

    def _unknown(self, name: object, path: Path, reading: Reading) -> None:
        if not isinstance(name, str):
            reading.fault(path, f"has a key that is {kind_of(name)}; keys must be text")
        elif not reading.full:
            near = nearest(name, tuple(self._by_name), self._other_names)
            hint = f"did you mean {near}? " if near else ""
            reading.fault((*path, name), f"unknown key; {hint}allowed here: {', '.join(sorted(self._by_name))}")
        else:
            reading.fault((*path, name), "")


class MapOf(Rule[dict[str, T]]):
    """A mapping with free keys.

    :param key: what a key must be, in words.
    :param refused_keys: keys that match the pattern and are refused all the same, and why.
    """

    def __init__(
        self,
        rule: Rule[T],
        *,
        key_pattern: str,
        key: str,
        most: int,
        refused_keys: Mapping[str, str] | None = None,
    ) -> None:
        self._rule = rule
        self._key_pattern = key_pattern
        self._matcher = re.compile(key_pattern)
        self._key = key
        self._most = most
        self._refused = refused_keys or {}

    def accept(self, value: object, path: Path, reading: Reading) -> dict[str, T]:
        """The entries that are right; each other one is a fault."""
        if not isinstance(value, Mapping):
            reading.reject(path, f"is {kind_of(value)}; must be a mapping, each key {self._key}")
        if len(value) > self._most:
            reading.reject(path, f"has {len(value)} entries; {self._most} at most")
        accepted: dict[str, T] = {}
        for name, held in value.items():
            at = (*path, str(name))
            if not isinstance(name, str):
                reading.fault(path, f"has a key that is {kind_of(name)}; keys must be text")
            elif not self._matcher.fullmatch(name):
                reading.fault(at, f"the key must be {self._key}")
            elif name in self._refused:
                reading.fault(at, f"is taken: {self._refused[name]}; choose another name")
            else:
                try:
                    accepted[str(name)] = self._rule.read(held, at, reading)
                except Rejected:
                    continue
        return accepted

    def write(self, value: Mapping[str, T]) -> dict[str, Any]:
        """See :meth:`Rule.write`."""
        return {name: self._rule.write(held) for name, held in value.items()}

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        names: Schema = {"pattern": f"^(?:{self._key_pattern})$"}
        if self._refused:
            names["not"] = {"enum": sorted(self._refused)}
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": self._rule.schema(),
            "maxProperties": self._most,
        }


class ListOf(Rule[tuple[T, ...]]):
    """A list whose entries follow one rule.

    :param unique: whether an entry may stand there once only.
    """

    def __init__(self, rule: Rule[T], *, most: int, least: int = 0, unique: bool = True) -> None:
        self._rule = rule
        self._least = least
        self._most = most
        self._unique = unique

    def accept(self, value: object, path: Path, reading: Reading) -> tuple[T, ...]:
        """The entries that are right; each other one is a fault."""
        if not isinstance(value, list | tuple):
            reading.reject(path, f"is {kind_of(value)}; must be a list")
        if not self._least <= len(value) <= self._most:
            reading.reject(path, f"has {len(value)} entries; must have {self._least} to {self._most}")
        accepted: list[T] = []
        for position, held in enumerate(value):
            try:
                entry = self._rule.read(held, (*path, position), reading)
            except Rejected:
                continue
            if self._unique and entry in accepted:
                reading.fault((*path, position), "stands there twice; remove one")
            else:
                accepted.append(entry)
        return tuple(accepted)

    def write(self, value: Sequence[T]) -> list[Any]:
        """See :meth:`Rule.write`."""
        return [self._rule.write(held) for held in value]

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        schema: Schema = {"type": "array", "items": self._rule.schema(), "maxItems": self._most}
        schema |= {"minItems": self._least} if self._least else {}
        return schema | ({"uniqueItems": True} if self._unique else {})


def nearest(name: str, allowed: Sequence[str], other_names: Mapping[str, str]) -> str | None:
    """The key that somebody most likely meant, or None."""
    plain = _plain(name)
    spelled = {**other_names, **{_plain(key): key for key in allowed}}
    close = difflib.get_close_matches(plain, spelled, n=1, cutoff=0.6)
    return spelled[close[0]] if close else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", shorten(name).lower())
