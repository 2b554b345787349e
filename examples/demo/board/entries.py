# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the board: what one is, what it may hold, and where they are kept."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

AUTHOR_MAX = 60
TEXT_MAX = 1000
# What somebody thinks, and how the page puts it.
VERDICTS = {"works": "Works", "broken": "Broken", "idea": "Idea"}


class UnavailableError(Exception):
    """The place where entries are kept does not answer now."""


class InvalidError(Exception):
    """A draft was refused; ``errors`` has a sentence for each field that is wrong."""

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(errors.values()))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What somebody wants to add."""

    author: str
    text: str
    verdict: str = "idea"

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Draft:
        """From a form or a JSON object.

        :raises InvalidError: with all that is wrong.
        """
        errors: dict[str, str] = {}
        author = _line(given.get("author"), "author", AUTHOR_MAX, errors)
        text = _line(given.get("text"), "text", TEXT_MAX, errors)
        verdict = given.get("verdict", "idea")
        if verdict not in VERDICTS:
            errors["verdict"] = f"verdict must be one of {', '.join(VERDICTS)}"
        if errors:
            raise InvalidError(errors)
        return cls(author=author, text=text, verdict=verdict)


def _line(value: object, name: str, most: int, errors: dict[str, str]) -> str:
    if not isinstance(value, str) or not value.strip():
        errors[name] = f"{name} is missing"
        return ""
    text = value.strip().replace("\r\n", "\n")
    if len(text) > most:
        errors[name] = f"{name} has {len(text)} characters; at most {most} fit"
    elif any(ord(character) < 32 and character not in "\n\t" for character in text) or _has_surrogate(text):
        errors[name] = f"{name} has characters that cannot be shown"
    return text


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry as it is kept."""

    id: int
    author: str
    text: str
    verdict: str
    created_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """In JSON types; the time in RFC 3339, UTC."""
        written = self.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "id": self.id,
            "author": self.author,
            "text": self.text,
            "verdict": self.verdict,
            "created_at": written,
        }


class Store(Protocol):
    """Where entries are kept. Every method raises UnavailableError where it does not answer."""

    def describe(self) -> str:
        """What keeps them, for people, such as ``PostgreSQL 15.6``; asks it, and so proves that it answers."""

    def add(self, draft: Draft) -> Entry:
        """Keep one."""

    def newest(self, most: int) -> list[Entry]:
        """The newest ones, newest first."""

    def count(self) -> dict[str, int]:
        """How many of each verdict."""


class Memory:
    """Keeps entries in this process, for a board without a database."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._entries: list[Entry] = []

    def describe(self) -> str:
        """See :meth:`Store.describe`."""
        return "memory only"

    def add(self, draft: Draft) -> Entry:
        """See :meth:`Store.add`."""
        with self._lock:
            entry = Entry(
                id=next(self._ids),
                author=draft.author,
                text=draft.text,
                verdict=draft.verdict,
                created_at=self._now(),
            )
            self._entries.append(entry)
        return entry

    def newest(self, most: int) -> list[Entry]:
        """See :meth:`Store.newest`."""
        with self._lock:
            return self._entries[: -most - 1 : -1]

    def count(self) -> dict[str, int]:
        """See :meth:`Store.count`."""
        with self._lock:
            return {name: sum(entry.verdict == name for entry in self._entries) for name in VERDICTS}
