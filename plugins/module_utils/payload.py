# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that a forge sends, read without trust: each value is checked where it is taken, and named where it is wrong.

What strangers write in it (branches, titles, comments) comes out as text that every encoder takes, and as no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from .errors import RefusedError
from .reading import kind_of, shorten

_LARGEST = 2**53 - 1
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A mapping of the forge's JSON.

    :param name: where it stands, for messages: ``pull_request.head``; ``event`` for the whole.
    """

    values: Mapping[str, Any] = field(repr=False)
    name: str = "event"

    @classmethod
    def load(cls, raw: bytes) -> Payload:
        """The document in the bytes of a file, such as the one that ``GITHUB_EVENT_PATH`` names.

        :raises RefusedError: where that is no JSON, or no mapping.
        """
        try:
            document = json.loads(raw)
        # A document of brackets alone ends Python's recursion before it ends itself.
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise RefusedError(f"the event is no JSON: {shorten(reason)}; hand in GitHub's own file") from None
        return cls.of(document)

    @classmethod
    def of(cls, document: object, name: str = "event") -> Payload:
        """A document that has been decoded.

        :raises RefusedError: where it is no mapping.
        """
        if not isinstance(document, Mapping):
            raise RefusedError(f"{name} is {kind_of(document)}, not a mapping; hand in what GitHub sent, unchanged")
        return cls(values=document, name=name)

    def inside(self, key: str) -> Payload:
        """The mapping below a key.

        :raises RefusedError: where it is not there, or something else.
        """
        return Payload.of(self.values.get(key), self._name_of(key))

    def maybe(self, key: str) -> Payload | None:
        """The mapping below a key; None where it is absent or null, as GitHub writes what was deleted.

        :raises RefusedError: where it is something else.
        """
        return None if self.values.get(key) is None else self.inside(key)

    def each(self, key: str) -> tuple[Payload, ...]:
        """The mappings in a list.

        :raises RefusedError: where it is no list of mappings.
        """
        found = self.values.get(key)
        if not isinstance(found, list | tuple):
            self.refuse(key, "a list")
        return tuple(Payload.of(entry, f"{self._name_of(key)}[{at}]") for at, entry in enumerate(found))

    def text(self, key: str, *, pattern: str = "", rule: str = "text", default: str | None = None) -> str:
        """A text; half a character, which no file and no request could hold, is replaced.

        :param pattern: what the whole text must match, in words ``rule``.
        :param default: in place of what is absent or null.
        :raises RefusedError: where it is something else.
        """
        found = self.values.get(key)
        if found is None and default is not None:
            return default
        if not isinstance(found, str) or (pattern and not re.fullmatch(pattern, found)):
            self.refuse(key, rule)
        return _LONE_SURROGATES.sub("\ufffd", found)

    def number(self, key: str) -> int:
        """A whole number, not negative.

        :raises RefusedError: where it is something else.
        """
        found = self.values.get(key)
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= _LARGEST:
            self.refuse(key, "a whole number")
        return found

    def flag(self, key: str) -> bool:
        """A flag; one that is absent or null does not fly.

        :raises RefusedError: where it is something else.
        """
        found = self.values.get(key)
        if found is not None and not isinstance(found, bool):
            self.refuse(key, "true or false")
        return bool(found)

    def seconds(self, key: str) -> int:
        """A moment such as ``2026-01-31T12:00:00Z``, in seconds since 1970.

        :raises RefusedError: where it is none, has no zone, or is before 1970.
        """
        written = self.text(key, rule="a time with its zone")
        try:
            moment = datetime.fromisoformat(written)
            seconds = int(moment.timestamp()) if moment.tzinfo else -1
        except (ValueError, OverflowError):
            seconds = -1
        if seconds < 0:
            self.refuse(key, "a time with its zone")
        return seconds

    def refuse(self, key: str, rule: str) -> NoReturn:
        """:raises RefusedError: naming the value below a key, and what it should be."""
        found = self.values.get(key)
        shown = shorten(ascii(found)) if isinstance(found, str) else kind_of(found)
        raise RefusedError(f"{self._name_of(key)} is {shown}, not {rule}; hand in what GitHub sent, unchanged")

    def _name_of(self, key: str) -> str:
        return key if self.name == "event" else f"{self.name}.{key}"
