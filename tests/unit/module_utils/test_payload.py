# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON of a forge: every value is checked where it is taken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.payload import Payload


def of(**values):
    return Payload.of(values)


def test_values_are_taken_by_their_keys():
    payload = of(
        text="a", number=3, flag=True, at="1970-01-01T00:01:00Z", below={"text": "b"}, many=[{"text": "c"}], none=None
    )
    assert (payload.text("text"), payload.number("number"), payload.flag("flag")) == ("a", 3, True)
    assert payload.seconds("at") == 60
    assert payload.inside("below").text("text") == "b"
    assert [each.text("text") for each in payload.each("many")] == ["c"]


def test_what_is_absent_or_null_has_a_default_where_one_is_named():
    payload = of(none=None)
    assert (payload.text("none", default="-"), payload.text("absent", default="")) == ("-", "")
    assert (payload.flag("none"), payload.flag("absent")) == (False, False)
    assert (payload.maybe("none"), payload.maybe("absent")) == (None, None)


@pytest.mark.parametrize(
    ("take", "says"),
    [
        (lambda p: p.text("none"), "none is empty, not text"),
        (lambda p: p.text("number"), "number is a number, not text"),
        (lambda p: p.text("text", pattern="[0-9]+", rule="digits"), "text is 'a\\nb', not digits"),
        (lambda p: p.text("short", pattern="[0-9]", rule="a digit"), "short is '1\\n', not a digit"),
        (lambda p: p.text("long", pattern="x", rule="an x"), f"long is '{'y' * 58}…, not an x"),
        (lambda p: p.number("flag"), "flag is true or false, not a whole number"),
        (lambda p: p.number("minus"), "minus is a number, not a whole number"),
        (lambda p: p.number("huge"), "huge is a number, not a whole number"),
        (lambda p: p.number("real"), "real is a number, not a whole number"),
        (lambda p: p.flag("text"), "text is 'a\\nb', not true or false"),
        (lambda p: p.seconds("text"), "text is 'a\\nb', not a time with its zone"),
        (lambda p: p.seconds("local"), "local is '2026-01-31T12:00:00', not a time"),
        (lambda p: p.seconds("old"), "old is '1969-12-31T23:59:59Z', not a time"),
        (lambda p: p.seconds("first"), "first is '0001-01-01T00:00:00+23:59', not a time"),
        (lambda p: p.inside("text"), "text is text, not a mapping"),
        (lambda p: p.inside("none"), "none is empty, not a mapping"),
        (lambda p: p.maybe("many"), "many is a list, not a mapping"),
        (lambda p: p.each("absent"), "absent is empty, not a list"),
        (lambda p: p.each("many"), "many[1] is text, not a mapping"),
        (lambda p: p.inside("below").number("text"), "below.text is 'x', not a whole number"),
    ],
)
def test_anything_else_is_named_with_its_value(take, says):
    payload = Payload.of(
        {"text": "a\nb", "short": "1\n", "long": "y" * 99, "none": None, "flag": True, "minus": -1}
        | {"number": 1, "huge": 2**53, "real": 1.0, "many": [{}, "x"], "below": {"text": "x"}}
        | {"local": "2026-01-31T12:00:00", "old": "1969-12-31T23:59:59Z", "first": "0001-01-01T00:00:00+23:59"}
    )
    with pytest.raises(RefusedError) as refused:
        take(payload)
    assert str(refused.value).startswith(says)
    assert str(refused.value).endswith("; hand in what GitHub sent, unchanged")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "the event is no JSON: Expecting value"),
        (b"\xff\xfe\xff", "the event is no JSON: "),
        (b"[" * 100_000, "the event is no JSON: it is nested too deeply"),
        (b'{"id": ' + b"9" * 5000 + b"}", "the event is no JSON: "),
        (b"[]", "event is a list, not a mapping"),
        (b"null", "event is empty, not a mapping"),
    ],
)
def test_a_file_that_is_no_event_is_refused(raw, says):
    with pytest.raises(RefusedError) as refused:
        Payload.load(raw)
    assert str(refused.value).startswith(says)
    assert len(str(refused.value)) < 200


def test_a_moment_is_the_same_in_every_zone():
    assert of(at="2026-01-31T13:00:00+01:00").seconds("at") == of(at="2026-01-31T12:00:00Z").seconds("at")


@given(st.text())
def test_any_text_comes_out_as_text_that_can_be_written_to_a_file(text):
    taken = Payload.load(json.dumps({"branch": text}).encode()).text("branch")
    assert taken.encode().decode() == text


def test_half_a_character_is_replaced():
    assert Payload.load(b'{"branch": "a\\ud800b"}').text("branch") == "a\ufffdb"
