# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Path filters: whole paths, part by part."""

from __future__ import annotations

import time

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.path_filter import MOST_LISTED, PathFilter


def admits(patterns, *paths):
    return PathFilter(patterns=patterns).admits(paths)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("src/app.py", "src/app.py"),
        ("src/*", "src/app.py"),
        ("src/*.py", "src/app.py"),
        ("src/**", "src/a/b/c.py"),
        ("src/**", "src/a.py"),
        ("**/*.py", "a.py"),
        ("**/*.py", "a/b/c.py"),
        ("a/**/z", "a/z"),
        ("a/**/z", "a/b/c/z"),
        ("**", "anything/at/all"),
        ("a?c", "abc"),
        ("[ab].txt", "b.txt"),
        ("*", ".hidden"),
        ("a.b", "a.b"),
        ("a|b", "a|b"),
        ("src/**", "src/new\nline"),
    ],
)
def test_a_path_that_matches_counts(pattern, path):
    assert admits((pattern,), path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("src", "src/app.py"),
        ("src/*", "src/a/b.py"),
        ("app.py", "src/app.py"),
        ("src/*.py", "src/app.pyc"),
        ("SRC/**", "src/a"),
        ("a?c", "a/c"),
        ("a.b", "axb"),
        ("(a+)+", "aaaa"),
        ("*", "a/b"),
        ("**/x/**", "x2/y"),
    ],
)
def test_another_does_not(pattern, path):
    assert not admits((pattern,), path)


def test_without_patterns_everything_counts():
    assert admits((), "a")
    assert admits(())


def test_one_path_is_enough_and_none_is_not():
    assert admits(("src/**",), "docs/a.md", "src/a.py")
    assert not admits(("src/**",))


def test_later_patterns_take_out_and_let_in_again():
    patterns = ("**", "!docs/**", "docs/api/**")
    assert not admits(patterns, "docs/a.md")
    assert admits(patterns, "docs/api/a.md")
    assert admits(patterns, "a.md")


def test_a_list_that_begins_by_taking_out_is_about_all_the_rest():
    assert admits(("!docs/**", "!**/*.md"), "src/a.py")
    assert not admits(("!docs/**", "!**/*.md"), "docs/a.png", "README.md")


def test_a_pull_request_too_large_to_be_listed_may_have_changed_anything():
    assert admits(("src/**",), *("docs/a.md",) * MOST_LISTED)
    assert not admits(("src/**",), *("docs/a.md",) * (MOST_LISTED - 1))


@pytest.mark.parametrize("pattern", ["", "!", "/src", "src/", "a//b", "**.js", "a**", "***", " a", "a\n", "x" * 201])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(RefusedError, match="is no pattern of paths; write one such as"):
        PathFilter(patterns=("src/**", pattern))


def test_a_stranger_s_path_is_judged_at_once():
    path = "/".join(["a" * 50 + "c"] * 80)
    started = time.monotonic()
    assert not admits(("**/*a*a*a*a*a*b/**/x*y*z*/**/q", "**/**/**/**/**/z"), path)
    assert time.monotonic() - started < 1
