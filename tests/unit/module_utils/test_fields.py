# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of single values: what each takes, refuses and says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError
from ansible_collections.ephemeral.k8s.plugins.module_utils.fields import (
    Amount,
    Choice,
    Flag,
    Integer,
    RepositoryPath,
    Rule,
    Text,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import (
    cpu_millis,
    format_bytes,
    format_cpu,
    memory_bytes,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import REFUSED, Reading

from ..judging import accepted, fault_of, judge


def shouting(text: str) -> str:
    if text == "quiet":
        raise PreviewError("it must shout")
    return text.upper()


WORD = Text(rule="a word of a to z", pattern="[a-z]+", max_length=8, clean=shouting)
MEMORY = Amount(
    parse=memory_bytes, form=format_bytes, pattern="[0-9]+(?:Mi|Gi)", example="256Mi", least=1024**2, most=1024**3
)
CPU = Amount(
    parse=cpu_millis, form=format_cpu, pattern=r"[0-9]+m?|[0-9]\.[0-9]+", example="250m", least=1, numbers=True
)
ALL: list[Rule[Any]] = [WORD, MEMORY, CPU, Flag(), Integer(least=1, most=9), Choice("a", "b"), RepositoryPath()]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: type(rule).__name__)
def test_a_key_without_a_value_is_refused(rule: Rule[Any]) -> None:
    assert fault_of(rule, None) == "x: has no value; write one or remove the key"


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: type(rule).__name__)
def test_a_value_that_was_refused_before_is_not_told_again(rule: Rule[Any]) -> None:
    reading = Reading()
    assert judge(rule, REFUSED, reading).faults == ()
    assert reading.faulty(("x",))


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("value", [{}, {"a": 1}, [], ["a"], object()], ids=str)
def test_mappings_and_lists_are_no_single_values(rule: Rule[Any], value: object) -> None:
    assert "must be" in fault_of(rule, value)


def test_text_is_taken_and_cleaned() -> None:
    assert accepted(WORD, "abc") == "ABC"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a1", "x: is 'a1'; must be a word of a to z"),
        ("abc\n", r"x: is 'abc\n'; must be a word of a to z"),
        ("", "x: is ''; must be a word of a to z"),
        ("abcdefghi", "x: has 9 characters; 8 at most"),
        ("quiet", "x: is 'quiet'; it must shout"),
        (16, 'x: is a number, must be text: write "16", in quotes'),
        (1.5, 'x: is a number, must be text: write "1.5", in quotes'),
        (True, 'x: is true or false, must be text: write "true", in quotes'),
        (["a"], "x: is a list; must be a word of a to z"),
    ],
)
def test_other_text_is_refused_with_value_rule_and_hint(value: object, message: str) -> None:
    assert fault_of(WORD, value) == message


def test_the_hint_repeats_a_number_as_it_was_spelled() -> None:
    assert fault_of(WORD, 3.1, Reading(texts={("x",): "3.10"})).endswith('write "3.10", in quotes')


def test_a_long_value_is_cut_short_in_the_message() -> None:
    message = fault_of(Choice("a"), "x" * 10_000)
    assert message == f"x: is '{'x' * 58}…; must be one of a"


def test_control_characters_of_a_value_cannot_reach_a_terminal() -> None:
    assert "\x1b" not in fault_of(Choice("a"), "\x1b[31m")


@pytest.mark.parametrize("value", [1, 5, 9])
def test_whole_numbers_within_bounds_are_taken(value: int) -> None:
    assert accepted(Integer(least=1, most=9), value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (10, "10"), (-1, "-1"), (1.0, "1.0"), (True, "true"), ("x", "'x'"), (10**1000, "a huge number")],
)
def test_other_numbers_are_refused(value: object, shown: str) -> None:
    assert fault_of(Integer(least=1, most=9), value) == f"x: is {shown}; must be a whole number from 1 to 9"


def test_a_quoted_number_gets_a_hint() -> None:
    assert fault_of(Integer(least=1, most=9), "5").endswith("from 1 to 9; write it without quotes")


@pytest.mark.parametrize("value", [True, False])
def test_flags_are_taken(value: bool) -> None:
    assert accepted(Flag(), value) is value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("yes", "x: is 'yes'; must be true or false; write true without quotes"),
        ("Off", "x: is 'Off'; must be true or false; write false without quotes"),
        ("true", "x: is 'true'; must be true or false; write true without quotes"),
        ("maybe", "x: is 'maybe'; must be true or false"),
        (1, "x: is 1; must be true or false"),
    ],
)
def test_what_people_write_for_flags_gets_a_hint(value: object, message: str) -> None:
    assert fault_of(Flag(), value) == message


def test_choices() -> None:
    assert accepted(Choice("a", "b"), "b") == "b"
    assert fault_of(Choice("a", "b"), "c") == "x: is 'c'; must be one of a, b"
    assert fault_of(Choice("15", "16"), 16) == 'x: is a number, must be text: write "16", in quotes'


@pytest.mark.parametrize(("value", "amount"), [("1Mi", 1024**2), ("1Gi", 1024**3), ("512Mi", 512 * 1024**2)])
def test_amounts_within_bounds_are_integers(value: str, amount: int) -> None:
    assert accepted(MEMORY, value) == amount
    assert accepted(MEMORY, MEMORY.write(amount)) == amount


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0Mi", "x: is '0Mi'; must be at least 1Mi and at most 1Gi"),
        ("2Gi", "x: is '2Gi'; must be at least 1Mi and at most 1Gi"),
        ("128m", "x: is '128m'; must be text such as 256Mi"),
        ("128Mi\n", r"x: is '128Mi\n'; must be text such as 256Mi"),
        (512, "x: is 512; must be text such as 256Mi"),
        (True, "x: is true; must be text such as 256Mi"),
    ],
)
def test_other_amounts_are_refused(value: object, message: str) -> None:
    assert fault_of(MEMORY, value) == message


@pytest.mark.parametrize(("value", "millis"), [(1, 1000), (0.5, 500), ("250m", 250)])
def test_numbers_are_amounts_where_kubernetes_takes_them(value: object, millis: int) -> None:
    assert accepted(CPU, value) == millis


@pytest.mark.parametrize("value", [0, -1, True, float("nan"), float("inf"), 1e30, 10**1000])
def test_numbers_that_are_no_amounts_are_refused(value: object) -> None:
    assert "must be" in fault_of(CPU, value)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (".", "."),
        ("./", "."),
        ("./app", "app"),
        ("app/", "app"),
        ("a/b.c/d-e", "a/b.c/d-e"),
        (".github", ".github"),
        ("..a/b..", "..a/b.."),
        ("a/-b", "a/-b"),
    ],
)
def test_paths_inside_the_repository_have_one_spelling(value: str, clean: str) -> None:
    assert accepted(RepositoryPath(), value) == clean
    assert accepted(RepositoryPath(), clean) == clean


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/",
        "/a",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "a/./b",
        "-a",
        "a\\b",
        "a b",
        "a\nb",
        "a//b",
        "a\0",
        "x" * 256,
        "~\t",
    ],
)
def test_other_paths_are_refused(value: str) -> None:
    assert "must be a path inside the repository: relative, without '..'" in fault_of(RepositoryPath(), value)


def test_a_path_whose_links_lead_out_is_refused() -> None:
    reading = Reading(leads_out=lambda path: path == "a/b")
    assert fault_of(RepositoryPath(), "./a/b/", reading) == "x: is './a/b/', a link that leads out of the repository"
    assert accepted(RepositoryPath(), "a/c", Reading(leads_out=lambda path: path == "a/b")) == "a/c"
