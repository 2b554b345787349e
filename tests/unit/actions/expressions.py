# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub's expressions, as far as our conditions use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKENS = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||[=!]=|[!(),]|[A-Za-z_][\w.-]*)")
_WORDS = {"&&": " and ", "||": " or ", "!": " not "}
_NAMES = {"always": "_always", "cancelled": "_cancelled", "startsWith": "_starts"}


def holds(expression: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition is true in a context; in a run that nobody cancels."""
    code, rest = "", expression.strip()
    while rest:
        found = _TOKENS.match(rest)
        assert found, f"not understood: {rest}"
        token, rest = found[1], rest[found.end() :].lstrip()
        if token.startswith("'"):
            code += repr(token[1:-1].replace("''", "'"))
        elif token[0].isalpha():
            code += _NAMES.get(token, f"_at({token!r})")
        else:
            code += _WORDS.get(token, token)
    names = {
        "_always": lambda: True,
        "_cancelled": lambda: False,
        # GitHub compares text without regard to case.
        "_starts": lambda text, start: str(text or "").lower().startswith(start.lower()),
        "_at": lambda path: _value(context, path),
    }
    return bool(eval(code, {"__builtins__": {}}, names))


def _value(context: Any, path: str) -> Any:
    """What a path leads to; None where it leads nowhere. An object that is there counts as true, also an empty one."""
    for part in path.split("."):
        context = context.get(part) if isinstance(context, Mapping) else None
    return context if not isinstance(context, Mapping) else context or {"there": True}
