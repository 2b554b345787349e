# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a YAML scalar is, where YAML 1.1 and 1.2 agree; what they read differently is a trap, and refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from .reading import shorten

_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN: Final = dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,17})\.[0-9]{0,18}|\.[0-9]{1,18})")
# https://yaml.org/type/ (1.1) against https://yaml.org/spec/1.2.2/#103-core-schema
_TWOFOLD = re.compile(
    r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|="
    r"|[-+]?0[xob][0-9A-Fa-f_]+"
    r"|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?(?:[0-9]+\.?|[0-9]*\.[0-9]+)[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"
)
_LONGEST_TRAP: Final = 100


@dataclass(frozen=True, slots=True)
class Trap:
    """Why a value is refused whatever its field; the subject may be secret, the rest is not."""

    subject: str
    verdict: str

    def told(self, *, hidden: bool) -> str:
        """The message; ``hidden`` leaves the subject out."""
        return f"{'a value that' if hidden else shorten(self.subject)} {self.verdict}"


def decoration(event: Any) -> Trap | None:
    """What is refused on any value: a tag, an anchor."""
    if event.tag is not None:
        return Trap(f"tag {event.tag}", "is not allowed; write the plain value, in quotes if it begins with '!'")
    if event.anchor is not None:
        return Trap(f"anchor &{event.anchor}", "is not allowed; write the value, in quotes if it begins with '&'")
    return None


def resolve(event: Any) -> str | int | float | bool | Trap | None:
    """The value of a scalar event, or why it has none."""
    trap = decoration(event)
    if trap is not None:
        return trap
    text: str = event.value
    plain = event.implicit[0]
    if not plain or len(text) > _LONGEST_TRAP:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    if text == "<<":
        return Trap("merge key <<", "is not allowed; write the values out")
    if _TWOFOLD.fullmatch(text):
        return Trap(text, "means different things to different readers of YAML; put it in quotes, or respell it")
    return text
