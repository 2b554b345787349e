# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies one rule of the configuration to one value, and tells what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError
from ansible_collections.ephemeral.k8s.plugins.module_utils.fields import Rule
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Reading, Rejected


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a rule made of a value; ``value`` is None where it was refused as a whole."""

    value: Any
    faults: tuple[str, ...]


def judge(rule: Rule[Any], value: object, reading: Reading | None = None) -> Judgement:
    """Faults as ``field: message``; the value stands at ``x``."""
    reading = reading or Reading()
    try:
        accepted = rule.read(value, ("x",), reading)
    except Rejected:
        accepted = None
    try:
        reading.finish()
    except ConfigError as error:
        return Judgement(value=accepted, faults=tuple(str(fault) for fault in error.faults))
    return Judgement(value=accepted, faults=())


def accepted(rule: Rule[Any], value: object, reading: Reading | None = None) -> Any:
    """The value as the rule reads it; it must be right."""
    judgement = judge(rule, value, reading)
    assert judgement.faults == ()
    return judgement.value


def fault_of(rule: Rule[Any], value: object, reading: Reading | None = None) -> str:
    """The one fault of a value."""
    (fault,) = judge(rule, value, reading).faults
    return fault
