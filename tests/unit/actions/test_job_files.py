# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs and summary, read as GitHub reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from job.files import SUMMARY_BYTES, as_block, as_code, write_outputs, write_summary

from .job_reader import read_outputs


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_a_value_comes_out_as_it_went_in(tmp_path: Path, value: str) -> None:
    path = tmp_path / "output"
    path.unlink(missing_ok=True)
    write_outputs(path, {"url": value, "status": "ready"})
    assert read_outputs(path) == {"url": value, "status": "ready"}


@pytest.mark.parametrize("value", ["a\nstatus=ready", "a\nend-\nstatus<<x\nready\nx", "url<<EOF\nEOF"])
def test_no_value_sets_another_output(tmp_path: Path, value: str) -> None:
    write_outputs(tmp_path / "output", {"branch": value})
    assert read_outputs(tmp_path / "output") == {"branch": value}


def test_outputs_are_added_to_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_text("image=app\n")
    write_outputs(path, {"status": "ready"})
    assert read_outputs(path) == {"image": "app", "status": "ready"}


@pytest.mark.parametrize(
    "value",
    [
        "[x](https://evil.example)",
        "<img src=x>",
        "`a`",
        "@ada",
        "**b**",
        "acme/shop#1",
        "a|b",
        "$(x)",
        "\u202eevil",
        "a\nb",
    ],
)
def test_a_name_of_a_stranger_is_no_markdown(value: str) -> None:
    shown = as_code(value)
    inside = shown.removeprefix("<code>").removesuffix("</code>")
    assert shown != inside
    assert not set(inside) & set("[]()<>`@*/|$\u202e\n!_~")
    assert inside.count("#") == inside.count("&#")


def test_a_log_cannot_leave_its_block() -> None:
    assert as_block("</pre><script>") == "<pre>&lt;/pre&gt;&lt;script&gt;</pre>"


def test_a_summary_is_cut_before_github_refuses_it_whole(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary", "é" * SUMMARY_BYTES)
    assert SUMMARY_BYTES - 2 <= (tmp_path / "summary").stat().st_size <= SUMMARY_BYTES + 1
