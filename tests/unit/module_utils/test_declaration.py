# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How dataclass fields become keys of a file."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.ephemeral.k8s.plugins.module_utils.declaration import declared, keys_of
from ansible_collections.ephemeral.k8s.plugins.module_utils.fields import Choice, Flag, Integer

WHOLE = Integer(least=1, most=9)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Keys of every kind."""

    first_of_all: int = declared(WHOLE, about="Comes first")
    second: bool = declared(Flag(), about="Comes second", default=True, name="twoth")
    third: dict[str, str] = declared(Flag(), about="Comes third", default=dict, shown=False)
    derived: int = 5


def test_a_key_is_the_field_in_camel_case_unless_named() -> None:
    assert [(key.name, key.field) for key in keys_of(Sample, {})] == [
        ("firstOfAll", "first_of_all"),
        ("twoth", "second"),
        ("third", "third"),
    ]


def test_a_field_without_default_is_required() -> None:
    first, second, third = keys_of(Sample, {})
    assert first.default is None
    assert second.default is not None
    assert second.default() is True
    assert third.default is not None
    assert third.default() is not third.default()


def test_rules_can_be_replaced_by_field() -> None:
    replacement = Choice("a")
    first, second, _ = keys_of(Sample, {"first_of_all": replacement})
    assert first.rule is replacement
    assert isinstance(second.rule, Flag)
    assert first.about == "Comes first"


def test_a_field_that_may_be_secret_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(Sample(first_of_all=1, third={"a": "hunter2"}))
