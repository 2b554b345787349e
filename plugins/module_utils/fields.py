# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for single values: each one reads a value, writes it back as JSON, and describes itself as JSON schema."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from .errors import PreviewError
from .reading import HIDDEN, REFUSED, Path, Reading, Rejected, kind_of

T = TypeVar("T")
Schema = dict[str, Any]

_YES_NO: Final = {"yes": "true", "on": "true", "y": "true", "true": "true"} | dict.fromkeys(
    ("no", "off", "n", "false"), "false"
)


class Rule(ABC, Generic[T]):
    """What a value must be. ``T`` is what it becomes."""

    nothing = "has no value; write one or remove the key"
    """What to do about a key without a value."""

    def read(self, value: object, path: Path, reading: Reading) -> T:
        """The value, checked.

        :raises Rejected: where it is refused; the fault is then noted in ``reading``.
        """
        if value is REFUSED:
            reading.mark(path)
            raise Rejected
        if value is None:
            reading.reject(path, self.nothing)
        return self.accept(value, path, reading)

    @abstractmethod
    def accept(self, value: object, path: Path, reading: Reading) -> T:
        """Read a value that is there.

        :raises Rejected: as :meth:`read`.
        """

    @abstractmethod
    def schema(self) -> Schema:
        """The rule as JSON schema (2020-12), as far as that can say it."""

    def write(self, value: T) -> Any:
        """The value in JSON types, so that reading it gives the same value."""
        return value


class Text(Rule[str]):
    """Text that matches a pattern as a whole.

    :param pattern: in the dialect that Python and ECMA share.
    :param rule: the pattern in words, after "must be".
    :param clean: brings a matching text to its one spelling, and names what the pattern cannot say.
    """

    def __init__(
        self,
        *,
        rule: str,
        pattern: str,
        max_length: int | None = None,
        clean: Callable[[str], str] = str,
    ) -> None:
        self.rule = rule
        self._pattern = pattern
        self._matcher = re.compile(pattern, re.DOTALL)
        self._max_length = max_length
        self._clean = clean

    def accept(self, value: object, path: Path, reading: Reading) -> str:
        """See :meth:`Rule.accept`."""
        if not isinstance(value, str):
            reading.reject(path, _not_text(self.rule, value, path, reading))
        if self._max_length is not None and len(value) > self._max_length:
            reading.reject(path, f"has {len(value)} characters; {self._max_length} at most")
        if not self._matcher.fullmatch(value):
            reading.reject(path, f"is {reading.shown(path, value)}; must be {self.rule}")
        try:
            return self._clean(str(value))
        except PreviewError as error:
            reading.reject(path, f"is {reading.shown(path, value)}; {error}")

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        length = {} if self._max_length is None else {"maxLength": self._max_length}
        return {"type": "string", "pattern": f"^(?:{self._pattern})$"} | length


class Integer(Rule[int]):
    """A whole number within bounds, both included."""

    def __init__(self, *, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def accept(self, value: object, path: Path, reading: Reading) -> int:
        """See :meth:`Rule.accept`."""
        if isinstance(value, bool) or not isinstance(value, int) or not self._least <= value <= self._most:
            hint = "; write it without quotes" if isinstance(value, str) and value.isdecimal() else ""
            rule = f"must be a whole number from {self._least} to {self._most}"
            reading.reject(path, f"is {reading.shown(path, value)}; {rule}{hint}")
        return int(value)

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"type": "integer", "minimum": self._least, "maximum": self._most}


class Flag(Rule[bool]):
    """True or false."""

    def accept(self, value: object, path: Path, reading: Reading) -> bool:
        """See :meth:`Rule.accept`."""
        if not isinstance(value, bool):
            meant = _YES_NO.get(value.lower()) if isinstance(value, str) else None
            hint = f"; write {meant} without quotes" if meant else ""
            reading.reject(path, f"is {reading.shown(path, value)}; must be true or false{hint}")
        return value

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"type": "boolean"}


class Choice(Rule[str]):
    """One of a few texts."""

    def __init__(self, *choices: str) -> None:
        self._choices = choices

    def accept(self, value: object, path: Path, reading: Reading) -> str:
        """See :meth:`Rule.accept`."""
        if isinstance(value, str) and value in self._choices:
            return str(value)
        shown, rule = reading.shown(path, value), f"one of {', '.join(self._choices)}"
        if shown in self._choices:
            reading.reject(path, _not_text(rule, value, path, reading))
        reading.reject(path, f"is {shown}; must be {rule}")

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"type": "string", "enum": list(self._choices)}


class Amount(Rule[int]):
    """A quantity or duration: text in the file, a whole number of millicores, bytes or seconds here.

    :param parse: from text; raises PreviewError naming the form.
    :param pattern: what ``parse`` understands.
    :param numbers: whether a bare number is taken as text, as Kubernetes does with CPUs.
    :param example: for the message where a bare number is not.
    """

    def __init__(
        self,
        *,
        parse: Callable[[str], int],
        form: Callable[[int], str],
        pattern: str,
        example: str,
        least: int,
        most: int | None = None,
        numbers: bool = False,
    ) -> None:
        self._parse = parse
        self._form = form
        self._pattern = pattern
        self._matcher = re.compile(pattern)
        self._example = example
        self._least = least
        self._most = most
        self._numbers = numbers

    def accept(self, value: object, path: Path, reading: Reading) -> int:
        """See :meth:`Rule.accept`."""
        shown = reading.shown(path, value)
        text = value if isinstance(value, str) else None
        if self._numbers and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9:
            text = str(value)
        if text is None or not self._matcher.fullmatch(text):
            reading.reject(path, f"is {shown}; must be text such as {self._example}")
        amount = self._parse(text)
        if amount < self._least or (self._most is not None and amount > self._most):
            bound = f" and at most {self._form(self._most)}" if self._most is not None else ""
            reading.reject(path, f"is {shown}; must be at least {self._form(self._least)}{bound}")
        return amount

    def write(self, value: int) -> str:
        """See :meth:`Rule.write`."""
        return self._form(value)

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        text: Schema = {"type": "string", "pattern": f"^(?:{self._pattern})$"}
        return {"anyOf": [text, {"type": "number", "exclusiveMinimum": 0}]} if self._numbers else text


class RepositoryPath(Rule[str]):
    """A path inside the repository: relative, in its shortest spelling, and not leading out by a link."""

    # Each part begins with neither '-' (an option, to a program that is given it) nor '..'.
    PATTERN: Final = r"(?:\./)*(?:\.|(?!\.\.?(?:/|$))(?!-)[^/\\\s\x00-\x1f]+(?:/(?!\.\.?(?:/|$))[^/\\\s\x00-\x1f]+)*)/?"

    def __init__(self) -> None:
        self._matcher = re.compile(self.PATTERN)

    def accept(self, value: object, path: Path, reading: Reading) -> str:
        """See :meth:`Rule.accept`."""
        rule = "a path inside the repository: relative, without '..', backslashes or white space"
        if not isinstance(value, str):
            reading.reject(path, _not_text(rule, value, path, reading))
        if len(value) > 255 or not self._matcher.fullmatch(value):
            reading.reject(path, f"is {reading.shown(path, value)}; must be {rule}")
        clean = "/".join(part for part in value.split("/") if part not in ("", ".")) or "."
        if reading.leads_out(clean):
            reading.reject(path, f"is {reading.shown(path, value)}, a link that leads out of the repository")
        return clean

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$", "maxLength": 255}


def _not_text(rule: str, value: object, path: Path, reading: Reading) -> str:
    if isinstance(value, bool | int | float):
        shown = reading.shown(path, value)
        quoted = "put it in quotes" if shown == HIDDEN else f'write "{shown}", in quotes'
        return f"is {kind_of(value)}, must be text: {quoted}"
    return f"is {kind_of(value)}; must be {rule}"
