# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job's log, read as GitHub's runner reads it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job.log import JobLog

from .job_reader import obeyed


def log() -> tuple[JobLog, io.StringIO]:
    stream = io.StringIO()
    return JobLog(stream), stream


@pytest.mark.parametrize(
    "line",
    [
        "::add-path::/tmp/evil",
        "  ::set-output name=url::https://evil.example",
        "text ##[add-path]/tmp/evil",
        "a\n::error::not ours",
        "a\r::error::not ours",
        "a\x85::error::not ours",
        "\x1b[31m::warning::coloured",
        "::stop-commands::mine",
        "::endgroup::",
    ],
)
def test_no_line_of_a_stranger_is_a_command(line: str) -> None:
    job, stream = log()
    job.line(line)
    job.close()
    assert obeyed(stream.getvalue()) == []


@given(st.text())
@example("::group::x\n##[group]y")
def test_whatever_a_stranger_writes_only_our_own_commands_are_obeyed(text: str) -> None:
    job, stream = log()
    job.group(text)
    job.line(text)
    job.error(text, text)
    job.close()
    assert [name for name, _ in obeyed(stream.getvalue())] == ["group", "error", "endgroup"]


def test_the_word_that_resumes_commands_is_a_new_one_each_time() -> None:
    words = (f"word-{number}" for number in itertools.count())
    stream = io.StringIO()
    job = JobLog(stream, lambda: next(words))
    job.group("one")
    job.line("::word-0::")
    job.line("::error::not ours")
    job.close()
    assert [name for name, _ in obeyed(stream.getvalue())] == ["group", "endgroup"]


def test_after_its_end_the_step_may_command_again() -> None:
    job, stream = log()
    job.close()
    stream.write("::notice::from the next program\n")
    assert obeyed(stream.getvalue()) == [("notice", "from the next program")]


def test_a_group_ends_before_the_next_begins_and_with_the_log() -> None:
    job, stream = log()
    job.group("one")
    job.group("two")
    job.close()
    assert obeyed(stream.getvalue()) == [("group", "one"), ("endgroup", ""), ("group", "two"), ("endgroup", "")]


@pytest.mark.parametrize("show", [JobLog.line, JobLog.group, lambda job, text: job.error(text, text)])
def test_a_secret_is_shown_nowhere_but_in_the_command_that_masks_it(show: Callable[[JobLog, str], None]) -> None:
    job, stream = log()
    job.mask(["hunter2-hunter2"])
    masked = stream.getvalue()
    show(job, "the password is hunter2-hunter2!")
    assert obeyed(masked) == [("add-mask", "hunter2-hunter2")]
    assert "hunter2" not in stream.getvalue().removeprefix(masked)
    assert "the password is ***!" in stream.getvalue()


def test_a_secret_of_several_lines_is_masked_line_by_line() -> None:
    job, stream = log()
    job.mask(["-----BEGIN-----\nfirst-line\nsecond-line"])
    assert {value for _, value in obeyed(stream.getvalue())} >= {"first-line", "second-line"}
    assert job.redacted("x second-line y") == "x *** y"


def test_a_short_value_is_no_secret_since_hiding_it_would_hide_the_log() -> None:
    job, _ = log()
    job.mask(["", "1", "app"])
    assert job.redacted("app 1") == "app 1"


def test_a_line_end_in_a_message_does_not_begin_a_command() -> None:
    job, stream = log()
    job.error("a,b:c", "100 %\n::add-path::/tmp/evil")
    assert obeyed(stream.getvalue()) == [("error", "100 %25%0A::add-path::/tmp/evil")]
    assert "::error title=a%2Cb%3Ac::" in stream.getvalue()
