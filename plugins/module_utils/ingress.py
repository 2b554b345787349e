# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`ingress`: whether the application has a URL, and the few annotations that a repository may set on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .declaration import declared
from .fields import Choice, Rule, Schema, Text
from .reading import Path, Reading, Rejected, kind_of
from .rules import FLAG
from .shapes import nearest

_TRAEFIK: Final = "traefik.ingress.kubernetes.io/"
_FLAG_TEXT: Final = Choice("true", "false")

# Nothing here can change host, entry point, TLS or middlewares, nor name an object of another namespace.
ANNOTATIONS: Final[Mapping[str, Rule[str]]] = {
    f"{_TRAEFIK}service.passhostheader": _FLAG_TEXT,
    f"{_TRAEFIK}service.serversscheme": Choice("http", "h2c"),
    f"{_TRAEFIK}service.sticky.cookie": _FLAG_TEXT,
    f"{_TRAEFIK}service.sticky.cookie.httponly": _FLAG_TEXT,
    f"{_TRAEFIK}service.sticky.cookie.name": Text(
        pattern=r"[A-Za-z0-9_-]{1,64}", rule="1 to 64 letters, digits, '_' or '-'"
    ),
    f"{_TRAEFIK}service.sticky.cookie.samesite": Choice("none", "lax", "strict"),
}
"""Allowed annotations, each with the rule of its value."""


class AnnotationsRule(Rule[dict[str, str]]):
    """Annotations from the allow list."""

    def accept(self, value: object, path: Path, reading: Reading) -> dict[str, str]:
        """The allowed ones; each other is a fault."""
        if not isinstance(value, Mapping):
            reading.reject(path, f"is {kind_of(value)}; must be a mapping of annotations")
        accepted: dict[str, str] = {}
        for name, held in value.items():
            if isinstance(name, str) and name in ANNOTATIONS:
                try:
                    accepted[str(name)] = ANNOTATIONS[name].read(held, (*path, name), reading)
                except Rejected:
                    continue
            else:
                self._refuse(str(name)[:200], path, reading)
        return accepted

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        properties = {name: rule.schema() for name, rule in ANNOTATIONS.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties}

    def _refuse(self, name: str, path: Path, reading: Reading) -> None:
        near = None if reading.full else nearest(name, tuple(ANNOTATIONS), {})
        hint = f"did you mean {near}? " if near else ""
        reading.fault((*path, name), f"not on the allow list; {hint}allowed: {', '.join(ANNOTATIONS)}")


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """How the application is reached from outside."""

    enabled: bool = declared(FLAG, about="Whether the application has a public URL", default=True)
    annotations: Mapping[str, str] = declared(
        AnnotationsRule(), about="Annotations of the Ingress, from an allow list", default=dict
    )
