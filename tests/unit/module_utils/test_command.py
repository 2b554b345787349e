# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands: one word after `/preview`, on the first line, and nothing that merely looks like one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.command import SERVED, VERBS, Command, help_text, parse
from ansible_collections.ephemeral.k8s.plugins.module_utils.permission import Permission
from tests.unit.payloads import SHA

WORDS = sorted(VERBS)


@pytest.mark.parametrize("word", [word for word in WORDS if word != "allow"])
def test_each_command_is_understood_by_its_word(word):
    assert parse(f"/preview {word}") == Command(name=word)


@pytest.mark.parametrize("sha", [SHA, SHA[:7]])
def test_allow_names_a_commit(sha):
    assert parse(f"/preview allow {sha}") == Command(name="allow", sha=sha)
    assert parse(f"/preview allow {sha.upper()}") == Command(name="allow", sha=sha)


@pytest.mark.parametrize(
    "body",
    [
        "/preview deploy",
        "/Preview Deploy",
        "/PREVIEW DEPLOY",
        "/preview   deploy",
        "/preview\tdeploy  ",
        "/preview deploy\n",
        "/preview deploy\r\nso that QA can look at it\n/preview destroy",
    ],
)
def test_case_and_white_space_do_not_matter_and_further_lines_are_the_author_s_own(body):
    assert parse(body) == Command(name="deploy")


def test_alone_it_asks_for_help():
    assert parse("/preview") == Command(name="help")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "deploy",
        "preview deploy",
        "please /preview deploy",
        " /preview deploy",
        "\n/preview deploy",
        "    /preview deploy",
        "> /preview deploy",
        "`/preview deploy`",
        "```\n/preview deploy\n```",
        "- /preview deploy",
        "<!-- -->/preview deploy",
        "/previewdeploy",
        "/preview-deploy",
        "/previews deploy",
        "/preview/deploy",
        "/preview, deploy",
        "/preview\u00a0deploy",
        "/preview\u200b deploy",
        "//preview deploy",
        "/ preview deploy",
        "/preview" * 100,
    ],
)
def test_what_is_no_command_is_nobody_s_business(body):
    assert parse(body) is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("deploy now", "nothing may follow `/preview deploy` on its line"),
        ("destroy --force", "nothing may follow `/preview destroy` on its line"),
        ("status; deploy", "that is no command; did you mean `/preview status`?"),
        ("help deploy", "nothing may follow `/preview help` on its line"),
        ("allow", "`/preview allow` takes one commit, 40 hexadecimal digits"),
        (f"allow {SHA} {SHA}", "`/preview allow` takes one commit, 40 hexadecimal digits"),
        (f"allow {SHA}0", "`/preview allow` takes one commit, 40 hexadecimal digits"),
        ("allow 0a1b2c", "`/preview allow` takes one commit, 40 hexadecimal digits"),
        ("allow main", "`/preview allow` takes one commit, 40 hexadecimal digits"),
        (f"deploy {SHA}", "nothing may follow `/preview deploy` on its line"),
        ("dploy", "`/preview dploy` is no command; did you mean `/preview deploy`?"),
        ("delete", "`/preview delete` is no command; did you mean `/preview destroy`?"),
        ("approve 1", "`/preview approve` is no command; did you mean `/preview allow`?"),
        ("xyzzy", "`/preview xyzzy` is no command"),
        ("d\u0435ploy", "that is no command; did you mean `/preview deploy`?"),
        ("wa\u212ae", "that is no command; did you mean `/preview wake`?"),
        ("x" * 300, "the line is longer than 200 characters"),
    ],
)
def test_what_was_meant_as_one_is_answered_with_help(line, fault):
    assert parse(f"/preview {line}") == Command(name="help", fault=fault)


SHOWABLE = re.compile(r"[a-z0-9 ,;?-]*(?:`/preview(?: [a-z-]+)?`[a-z0-9 ,;?-]*)*")


@given(st.text(max_size=60))
@pytest.mark.parametrize("start", ["", "/preview ", "/preview deploy ", "/preview allow "])
def test_no_text_makes_us_say_a_stranger_s_words(start, text):
    command = parse(start + text)
    assert command is None or SHOWABLE.fullmatch(command.fault)


@given(st.text(max_size=60), st.sampled_from(WORDS))
def test_a_command_acts_only_where_its_line_is_nothing_else(text, word):
    line = re.split(r"[\r\n]", text)[0]
    command = parse(f"/preview {word}{text}")
    if command is not None and command.name not in ("help", "allow"):
        assert (word + line).strip(" \t").lower() == command.name


@given(st.sampled_from("`|<>[]()*_~#!@$\\"), st.text(max_size=30))
def test_markdown_around_a_command_commands_nothing(mark, text):
    assert parse(f"{mark}/preview deploy{text}") is None


def test_who_changes_something_may_write_and_a_public_repository_s_readers_may_nothing():
    least = {word: verb.permission for word, verb in VERBS.items()}
    assert {word for word, permission in least.items() if permission < Permission.WRITE} == {"status", "help"}
    assert min(least.values()) > Permission.READ


def test_help_names_every_command_and_what_this_version_does_not_do():
    lines = help_text().splitlines()
    assert len(lines) == len(VERBS)
    assert "- `/preview deploy`: build and deploy the newest commit" in lines
    assert "- `/preview sleep`: stop it and keep its data (not yet supported)" in lines
    assert {line.split("`")[1].split()[1] for line in lines if "not yet supported" not in line} == SERVED
