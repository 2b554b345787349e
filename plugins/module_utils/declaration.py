# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a dataclass declares the keys of a mapping in `k8s-ee.yaml`: one source for validation, schema and reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .fields import Rule

_RULE: Final = "rule"
_NAME: Final = "name"
_ABOUT: Final = "about"

REQUIRED: Final = dataclasses.MISSING


def declared(
    rule: Rule[Any], *, about: str, default: Any = REQUIRED, name: str | None = None, shown: bool = True
) -> Any:
    """A field of a configuration dataclass: its rule validates it and describes it in the JSON schema.

    :param about: one line for people, in editors and in the reference.
    :param default: value of the dataclass' field; a callable makes a new one each time. Without it the field is
        required.
    :param name: key in the file, where it is not the field's name in camelCase.
    :param shown: whether ``repr`` may show it.
    """
    metadata = {_RULE: rule, _NAME: name, _ABOUT: about}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata, repr=shown)
    return dataclasses.field(default=default, metadata=metadata, repr=shown)


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a mapping in the file, and the field that it fills."""

    name: str
    field: str
    rule: Rule[Any]
    about: str
    default: Callable[[], Any] | None


def keys_of(made: type[Any], rules: Mapping[str, Rule[Any]]) -> list[Key]:
    """The keys of a dataclass in order of declaration; ``rules`` replaces rules by field name."""
    keys = []
    for field in dataclasses.fields(made):
        if _RULE not in field.metadata:
            continue
        default: Callable[[], Any] | None = None
        if field.default is not REQUIRED:
            default = _constant(field.default)
        elif field.default_factory is not REQUIRED:
            default = field.default_factory
        keys.append(
            Key(
                name=field.metadata[_NAME] or _camel_case(field.name),
                field=field.name,
                rule=rules.get(field.name, field.metadata[_RULE]),
                about=field.metadata[_ABOUT],
                default=default,
            )
        )
    return keys


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
