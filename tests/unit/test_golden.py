# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden fixture: it notices a change, says it readably, and writes only when asked."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ONE_TEST = """
def test_it(golden):
    golden("area/shape.yaml", [{"b": 1, "a": "first\\nsecond\\n"}, {"c": []}])
"""
WRITTEN = "---\na: |\n  first\n  second\nb: 1\n---\nc: []\n"

pytest_plugins = ["pytester"]


@pytest.fixture
def checkout(pytester: pytest.Pytester) -> Path:
    tests = pytester.mkdir("tests")
    (tests / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tests / "test_one.py").write_text(ONE_TEST)
    return tests


def test_a_file_is_written_only_when_asked(pytester: pytest.Pytester, checkout: Path) -> None:
    pytester.runpytest("tests").stdout.fnmatch_lines(["*area/shape.yaml does not exist*--update-golden*"])
    assert not (checkout / "golden").exists()
    pytester.runpytest("tests", "--update-golden").assert_outcomes(passed=1)
    assert (checkout / "golden/area/shape.yaml").read_text() == WRITTEN
    pytester.runpytest("tests").assert_outcomes(passed=1)


def test_a_change_is_shown_as_a_diff_and_left_alone(pytester: pytest.Pytester, checkout: Path) -> None:
    expected = checkout / "golden/area/shape.yaml"
    expected.parent.mkdir(parents=True)
    expected.write_text(WRITTEN.replace("b: 1", "b: 2"))
    result = pytester.runpytest("tests")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*-b: 2", "*+b: 1", "*--update-golden*"])
    assert "b: 2" in expected.read_text()


def test_text_is_compared_as_it_is(pytester: pytest.Pytester, checkout: Path) -> None:
    (checkout / "test_one.py").write_text('def test_it(golden):\n    golden("a.txt", "plain: text\\n")\n')
    pytester.runpytest("tests", "--update-golden").assert_outcomes(passed=1)
    assert (checkout / "golden/a.txt").read_text() == "plain: text\n"
