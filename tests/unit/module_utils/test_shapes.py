# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of mappings and lists: what is right is kept, and each thing that is wrong is told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.declaration import declared
from ansible_collections.ephemeral.k8s.plugins.module_utils.fields import Flag, Integer
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Path, Reading
from ansible_collections.ephemeral.k8s.plugins.module_utils.shapes import ListOf, MapOf, Record, nearest

from ..judging import accepted, fault_of, judge

DIGIT = Integer(least=1, most=9)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two ends of a range."""

    low_end: int = declared(DIGIT, about="The lower")
    high_end: int = declared(DIGIT, about="The higher", default=9)
    note: bool | None = declared(Flag(), about="A note", default=None)

    def check(self, path: Path, reading: Reading) -> None:
        if not reading.faulty((*path, "lowEnd"), (*path, "highEnd")) and self.low_end > self.high_end:
            reading.fault((*path, "lowEnd"), "is above highEnd")


PAIR = Record(Pair, check=Pair.check, other_names={"bottom": "lowEnd"})
MAP = MapOf(DIGIT, key_pattern="[a-z]+", key="a word", most=3, refused_keys={"no": "it is ours"})
LIST = ListOf(DIGIT, most=3, least=1)


def test_a_record_is_the_dataclass_with_its_defaults() -> None:
    assert accepted(PAIR, {"lowEnd": 2}) == Pair(low_end=2)
    assert PAIR.write(Pair(low_end=2)) == {"lowEnd": 2, "highEnd": 9}


def test_a_record_tells_all_its_faults_and_checks_what_is_whole() -> None:
    assert judge(PAIR, {"lowEnd": 0, "highEnd": 10, "lowend": 1}).faults == (
        "x.lowend: unknown key; did you mean lowEnd? allowed here: highEnd, lowEnd, note",
        "x.lowEnd: is 0; must be a whole number from 1 to 9",
        "x.highEnd: is 10; must be a whole number from 1 to 9",
    )
    assert fault_of(PAIR, {"lowEnd": 5, "highEnd": 4}) == "x.lowEnd: is above highEnd"


def test_a_refused_value_is_replaced_so_that_the_rest_is_checked() -> None:
    judgement = judge(PAIR, {"lowEnd": 5, "highEnd": 0})
    assert judgement.value == Pair(low_end=5)
    assert len(judgement.faults) == 1


def test_a_required_key_must_be_there() -> None:
    judgement = judge(PAIR, {"note": True})
    assert judgement.value is None
    assert judgement.faults == ("x.lowEnd: is required and not there",)


@pytest.mark.parametrize("value", [[], "a", 1, True])
def test_what_is_no_mapping_is_refused_with_the_keys_it_should_have(value: object) -> None:
    assert fault_of(PAIR, value).endswith("; must be a mapping of lowEnd, highEnd, note")


def test_keys_that_are_no_text_are_refused() -> None:
    assert fault_of(PAIR, {1: 2, "lowEnd": 1}) == "x: has a key that is a number; keys must be text"
    assert fault_of(MAP, {None: 2}) == "x: has a key that is empty; keys must be text"


def test_the_schema_of_a_record_allows_no_other_keys() -> None:
    assert PAIR.schema() == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "lowEnd": {"description": "The lower", "type": "integer", "minimum": 1, "maximum": 9},
            "highEnd": {"description": "The higher", "type": "integer", "minimum": 1, "maximum": 9, "default": 9},
            "note": {"description": "A note", "type": "boolean"},
        },
        "required": ["lowEnd"],
    }


def test_a_map_keeps_what_is_right_and_tells_the_rest() -> None:
    judgement = judge(MAP, {"a": 1, "b": 0, "C": 2})
    assert judgement.value == {"a": 1}
    assert judgement.faults == (
        "x.b: is 0; must be a whole number from 1 to 9",
        "x.C: the key must be a word",
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"no": 1}, "x.no: is taken: it is ours; choose another name"),
        ({"a\n": 1}, r"x['a\n']: the key must be a word"),
        (dict.fromkeys("abcd", 1), "x: has 4 entries; 3 at most"),
        (["a"], "x: is a list; must be a mapping, each key a word"),
    ],
)
def test_other_maps_are_refused(value: object, message: str) -> None:
    assert fault_of(MAP, value) == message


def test_the_schema_of_a_map_says_what_keys_may_be() -> None:
    assert MAP.schema()["propertyNames"] == {"pattern": "^(?:[a-z]+)$", "not": {"enum": ["no"]}}
    assert MAP.write({"a": 1}) == {"a": 1}


def test_a_list_keeps_what_is_right_and_tells_the_rest() -> None:
    judgement = judge(LIST, [1, 0, 2])
    assert judgement.value == (1, 2)
    assert judgement.faults == ("x[1]: is 0; must be a whole number from 1 to 9",)
    assert LIST.write((1, 2)) == [1, 2]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "x: has 0 entries; must have 1 to 3"),
        ([1, 2, 3, 4], "x: has 4 entries; must have 1 to 3"),
        ([1, 1], "x[1]: stands there twice; remove one"),
        ({"a": 1}, "x: is a mapping; must be a list"),
        ("1", "x: is text; must be a list"),
    ],
)
def test_other_lists_are_refused(value: object, message: str) -> None:
    assert fault_of(LIST, value) == message


def test_a_list_may_allow_the_same_twice() -> None:
    assert accepted(ListOf(DIGIT, most=3, unique=False), [1, 1]) == (1, 1)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("healthpath", "healthPath"),
        ("health_path", "healthPath"),
        ("HEALTH-PATH", "healthPath"),
        ("helthPath", "healthPath"),
        ("sql", "elsewhere"),
        ("zzz", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_the_nearest_key_is_what_somebody_most_likely_meant(name: str, meant: str | None) -> None:
    assert nearest(name, ("healthPath", "port"), {"sql": "elsewhere"}) == meant
