# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The YAML that is read, and every trap that is refused with its line."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils import document
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Reading


def tree_of(raw: str | bytes) -> object:
    reading = Reading()
    found = document.read(raw.encode() if isinstance(raw, str) else raw, reading)
    reading.finish()
    return found


def faults_of(raw: str | bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(ConfigError) as refused:
        tree_of(raw)
    return [(fault.line, str(replace(fault, line=None))) for fault in refused.value.faults]


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    loader = yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader
    monkeypatch.setattr(document, "_LOADER", loader)
    return str(request.param)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("3000", 3000),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("text", "text"),
        ('"3000"', "3000"),
        ("'no'", "no"),
        ('"0x10"', "0x10"),
        ("1.2.3", "1.2.3"),
        ("3d", "3d"),
        ("128Mi", "128Mi"),
        ("y", "y"),
        ("nope", "nope"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("|\n  one\n  two", "one\ntwo\n"),
    ],
)
def test_scalars_are_what_every_reader_takes_them_for(parser: str, text: str, value: object) -> None:
    found = tree_of(f"a: {text}\n")
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "No", "on", "OFF", "0x1F", "0o17", "017", "0b11", "1_000", "22:22", "1:30:00", "190:20:30.15"),
        *("2026-01-31", "2026-01-31T10:00:00Z", ".inf", "-.INF", ".nan", "1e3", "1.5E+3", "=", "1_0.5", "9" * 19),
    ],
)
def test_scalars_that_readers_take_for_different_things_are_refused(parser: str, text: str) -> None:
    assert faults_of(f"\na: {text}\n") == [
        (2, f"a: {text} means different things to different readers of YAML; put it in quotes, or respell it")
    ]


@pytest.mark.parametrize(
    "path", ["env: {A: no}", "services: {api: {env: {A: no}}}", "env: {A: *no}", "env: {A: &no x}"]
)
def test_a_trap_among_variables_does_not_show_the_value(path: str) -> None:
    ((_, message),) = faults_of(path)
    assert ".A: a value that " in message or message.startswith("env.A: a value that ")


@pytest.mark.parametrize(
    ("raw", "line", "message"),
    [
        ("a: 1\nb: *x\n", 2, "b: alias *x is not allowed; write the value out, in quotes if it begins with '*'"),
        ("a: &x 1\n", 1, "a: anchor &x is not allowed; write the value, in quotes if it begins with '&'"),
        ("a: &x [1]\n", 1, "a: anchor &x is not allowed; write the value, in quotes if it begins with '&'"),
        ("a: !!python/object:os.system x\n", 1, "a: tag tag:yaml.org,2002:python/object:os.system is not allowed; "),
        ("a: !Foo {b: 1}\n", 1, "a: tag !Foo is not allowed; "),
        ("a: !!str 1\n", 1, "a: tag tag:yaml.org,2002:str is not allowed; "),
        ("&x a: 1\n", 1, "as a key, anchor &x is not allowed; "),
        ("<<: {a: 1}\n", 1, "as a key, merge key << is not allowed; write the values out"),
        ("a: 1\nb: 2\na: 3\n", 3, "a: stands there twice, first in line 1; remove one"),
        ("a: {b: 1,\n  b: 2}\n", 2, "a.b: stands there twice, first in line 1; remove one"),
        ("1: a\n", 1, "has a key that is a number; keys must be text"),
        ("true: a\n", 1, "has a key that is true or false; keys must be text"),
        ("~: a\n", 1, "has a key that is empty; keys must be text"),
        ("? [a]\n: b\n", 1, "has a key that is a list; keys must be text"),
        ("? {a: b}\n: c\n", 1, "has a key that is a mapping; keys must be text"),
        ("on: a\n", 1, "as a key, on means different things to different readers of YAML; "),
        ("a: 1\n---\nb: 2\n", 2, "has a second document ('---') here; one file is one document"),
        ("%YAML 1.1\n---\na: 1\n", None, "has a directive ('%'); remove that line"),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", None, "has a directive ('%'); remove that line"),
        ("", 1, "is empty; write at least projectId"),
        ("# only a comment\n", 1, "is empty; write at least projectId"),
        ("---\n", 1, "is empty; write at least projectId"),
        ("\ufeffa: 1\n", 1, "begins with a byte order mark; save it as UTF-8 without one"),
        ("a: 1\n".encode("utf-16"), 1, "begins with a byte order mark; save it as UTF-8 without one"),
        (b"a: 1\nb: caf\xe9\n", 2, "is not UTF-8 (byte 0xe9); save it as UTF-8"),
        ("a: 1\nb: \0\n", 2, "has the invisible character U+0000; remove it"),
        ("a: 1\x1b[31m\n", 1, "has the invisible character U+001B; remove it"),
        ("a: 1\u2028b: 2\n", 1, "has the invisible character U+2028; remove it"),
        (b"#" * (document.MAX_BYTES + 1), None, "is larger than 64 KiB; shorten it"),
        ("[" * 60_000, 1, "is nested deeper than 16 levels"),
        ("{a: " * 16_000, 1, "is nested deeper than 16 levels"),
        ("a: [" + "1," * 30_000 + "]", 1, f"has more than {document.MAX_VALUES} keys and values"),
    ],
)
def test_traps_are_refused_with_their_line(parser: str, raw: str | bytes, line: int | None, message: str) -> None:
    (found,) = faults_of(raw)
    assert found[1].startswith(message)
    assert line is None or found[0] == line


@pytest.mark.parametrize(
    ("raw", "line", "message"),
    [
        ("a:\n\tb: 1\n", 2, "a tab; YAML is indented with spaces"),
        ("a:\n  b: 1\n  \tc: 2\n", 3, "a tab; YAML is indented with spaces"),
        ("a: b: c\n", 1, "a ':' where none can be; check the indentation, or use quotes"),
        ("a: `b`\n", 1, "a character that no value begins with; put the value in quotes"),
        ("a: 1\nb\nc: 2\n", 3, "a line without ':' where a key was expected"),
        ("a: 'open\n", 2, "found unexpected end of stream"),
    ],
)
def test_text_that_is_no_yaml_is_one_fault_with_the_reason(parser: str, raw: str, line: int, message: str) -> None:
    ((found_line, found),) = faults_of(raw)
    assert found == f"is not valid YAML: {message}"
    assert found_line == line


def test_all_traps_are_told_at_once_and_those_inside_of_a_refused_value_are_not() -> None:
    raw = "a: no\nb: *x\nc: !t d\nd: 1\nd: {e: yes, e: 2}\n? [yes, {f: on, f: off}]\n: {g: &y 1}\n"
    assert [line for line, _ in faults_of(raw)] == [1, 2, 3, 5, 6]


def test_the_first_of_two_values_is_kept_so_that_the_rest_can_be_checked() -> None:
    reading = Reading()
    assert document.read(b"a: 1\na: 2\nb: 3\n", reading) == {"a": 1, "b": 3}


def test_lines_and_spellings_are_kept() -> None:
    reading = Reading()
    document.read(b"# note\na:\n  b: 3.10\n  c:\n    - x\n    - true\n", reading)
    assert reading.lines == {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 4,
        ("a", "c", 0): 5,
        ("a", "c", 1): 6,
    }
    assert reading.texts == {("a", "b"): "3.10", ("a", "c", 1): "true"}


def test_line_ends_of_windows_are_read() -> None:
    assert tree_of("a: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}


def test_a_file_of_64_kib_is_read() -> None:
    raw = "a: " + "x" * (document.MAX_BYTES - 3)
    assert len(raw) == document.MAX_BYTES
    assert tree_of(raw) == {"a": raw[3:]}


def test_no_constructor_is_registered_with_the_yaml_library() -> None:
    before = dict(yaml.SafeLoader.yaml_constructors)
    tree_of("a: 1\n")
    assert yaml.SafeLoader.yaml_constructors == before
    assert yaml.safe_load("a: no") == {"a": False}


SLOW: dict[str, bytes] = {
    "values": b"a: [" + b"1," * 32_000 + b"]",
    "keys": b"".join(b"k%d: 1\n" % number for number in range(6000)),
    "duplicates": b"a: 1\n" * 13_000,
    "anchors": b"".join(b"a%d: &x%d 1\n" % (number, number) for number in range(4000)),
    "brackets": b"[" * 65_000,
    "questions": b"? " * 32_000,
    "colons": b":" * 65_000,
    "quote": b'a: "' + b"a" * 65_000,
    "digits": b"a: " + b"1" * 65_000,
    "sexagesimal": b"a: 1" + b":1" * 32_000,
    "exponent": b"a: " + b"1" * 65_000 + b"e",
    "blank": b"\n" * 65_000,
}


@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW.keys())
def test_no_document_of_64_kib_takes_more_than_50_ms(raw: bytes) -> None:
    assert len(raw) <= document.MAX_BYTES
    spent = []
    for _ in range(3):
        started = time.process_time()
        with contextlib.suppress(ConfigError):
            tree_of(raw)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.05


_TOKENS = st.sampled_from(
    [
        *("a", ": ", ":", "\n", "  ", "- ", "[", "]", "{", "}", ",", "&x ", "*x", "!t ", "!!str ", "'", '"', "|", ">"),
        *(
            "\t",
            "#",
            "yes",
            "0x1",
            "1e9",
            ".nan",
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "<<",
            "? ",
            "~",
            "é",
            "\\",
            "\r",
            "@",
        ),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(_TOKENS, max_size=60).map(lambda tokens: "".join(tokens).encode())))
def test_whatever_the_bytes_only_a_config_error_is_raised(raw: bytes) -> None:
    with contextlib.suppress(ConfigError):
        tree_of(raw)
        return
    faults = faults_of(raw)
    assert faults
    assert all("\n" not in message for _, message in faults)


_TREES: Any = st.recursive(
    st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=8), _TREES, min_size=1, max_size=5))
def test_quoted_documents_come_back_as_they_were(tree: dict[str, Any]) -> None:
    assert tree_of(yaml.safe_dump(tree, default_style='"')) == tree
