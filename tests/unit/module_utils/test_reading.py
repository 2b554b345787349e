# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: where they are, in which order they are told, and what they never show."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError, Fault
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import (
    HIDDEN,
    MAX_FAULTS,
    MAX_SHOWN,
    Path,
    Reading,
    Rejected,
    dotted,
    kind_of,
    secret,
    shorten,
    stays_inside,
)


def told(reading: Reading) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as refused:
        reading.finish()
    return refused.value.faults


def test_a_reading_without_faults_ends_quietly() -> None:
    Reading().finish()


def test_faults_come_in_the_order_of_the_file() -> None:
    reading = Reading(lines={("a",): 9, ("b",): 2})
    reading.fault(("a",), "first found")
    reading.fault(("b",), "second found")
    assert [(fault.field, fault.line) for fault in told(reading)] == [("b", 2), ("a", 9)]


def test_a_fault_of_what_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    reading = Reading(lines={(): 1, ("app",): 4})
    reading.fault(("app", "port"), "is required")
    reading.fault(("other", "port"), "is required")
    reading.fault(("given",), "is told outright", line=7)
    assert [(fault.field, fault.line) for fault in told(reading)] == [("other.port", 1), ("app.port", 4), ("given", 7)]


def test_a_rejected_value_is_noted_and_left() -> None:
    reading = Reading()
    with pytest.raises(Rejected):
        reading.reject(("a", "b"), "is wrong")
    assert reading.faulty(("a", "b"))
    assert reading.faulty(("a",)), "what holds a refused value is not whole"
    assert not reading.faulty(("a", "c"), ("b",))


def test_faults_beyond_the_most_are_counted() -> None:
    reading = Reading()
    for number in range(MAX_FAULTS + 3):
        assert reading.full is (number >= MAX_FAULTS)
        reading.fault((f"k{number}",), "x")
    faults = told(reading)
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == Fault(field="", message="and 3 more, not listed")


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        (("env",), True),
        (("env", "A"), True),
        (("secrets", 0), True),
        (("services", "api", "env", "A"), True),
        (("services", "api", "secrets", 0), True),
        (("app", "port"), False),
        (("services", "env", "port"), False),
        ((), False),
    ],
)
def test_values_that_may_be_passwords_are_never_shown(path: Path, hidden: bool) -> None:
    assert secret(path) is hidden
    assert Reading().shown(path, "hunter2") == (HIDDEN if hidden else "'hunter2'")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "'a'"),
        ("a\n\x1b[31m", r"'a\n\x1b[31m'"),
        ("\u202etxt", r"'\u202etxt'"),
        (7, "7"),
        (0.5, "0.5"),
        (True, "true"),
        (False, "false"),
        (10**400, "a huge number"),
        (float("nan"), "nan"),
        ([1], "a list"),
        ({"a": 1}, "a mapping"),
    ],
)
def test_other_values_are_shown_on_one_line(value: object, shown: str) -> None:
    assert Reading().shown(("a",), value) == shown


def test_a_number_is_shown_as_it_was_spelled() -> None:
    assert Reading(texts={("a",): "1.10"}).shown(("a",), 1.1) == "1.10"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("app", "port"), "app.port"),
        (("services", "api", "writableDirs", 0), "services.api.writableDirs[0]"),
        (("ingress", "annotations", "a.b/c"), "ingress.annotations['a.b/c']"),
        (("a b",), "['a b']"),
        (("x\n",), r"['x\n']"),
    ],
)
def test_paths_are_written_with_dots(path: Path, text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "empty"),
        (True, "true or false"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "text"),
        ({}, "a mapping"),
        ((), "a list"),
        (b"", "a bytes"),
    ],
)
def test_kinds_are_named_in_words(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_long_text_is_cut_with_a_mark() -> None:
    assert shorten("x" * MAX_SHOWN) == "x" * MAX_SHOWN
    assert shorten("x" * (MAX_SHOWN + 1)) == "x" * (MAX_SHOWN - 1) + "…"


def test_without_a_repository_at_hand_no_path_leads_out() -> None:
    assert not stays_inside("anywhere")
