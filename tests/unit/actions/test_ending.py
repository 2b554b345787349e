# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ended, as the job tells it."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from preview.ending import Ending

READY: dict[str, Any] = {
    "status": "ready",
    "url": "https://shop-pr-7.preview.example.org:8443",
    "namespace": "shop-pr-7",
    "changed": True,
    "phases": [{"name": "plan", "seconds": 0.2}, {"name": "app", "seconds": 2.25}],
    "diagnosis": None,
}
FAILED: dict[str, Any] = {
    **READY,
    "status": "failed",
    "url": None,
    "diagnosis": {
        "phase": "app",
        "object": "Deployment/app",
        "reason": "CrashLoopBackOff",
        "exit_code": 1,
        "message": "it ends <at> once",
        "log": "</pre>\n[x](https://evil.example)",
        "hint": "read `its` log",
    },
}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("ready", 0),
        ("destroyed", 0),
        ("absent", 0),
        ("superseded", 0),
        ("queued", 0),
        ("failed", 1),
        ("refused", 2),
        ("something new", 1),
    ],
)
def test_the_exit_code_says_how_it_ended(status: str, code: int) -> None:
    assert Ending.told({**READY, "status": status}).exit_code == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_cancelled_run_ends_as_a_shell_would_say_it(number: int, code: int) -> None:
    assert Ending.untold("cancelled", "asked to stop", by_signal=number).exit_code == code


def test_outputs_hold_the_url_the_namespace_the_status_and_the_whole_result() -> None:
    outputs = Ending.told(READY).outputs()
    assert json.loads(outputs.pop("preview")) == READY
    assert outputs == {"status": "ready", "url": READY["url"], "namespace": "shop-pr-7"}


def test_what_is_not_there_is_an_empty_output() -> None:
    outputs = Ending.told(FAILED).outputs()
    assert (outputs["url"], outputs["status"]) == ("", "failed")


def test_a_run_without_a_result_has_one_of_the_same_shape() -> None:
    told = json.loads(Ending.untold("failed", "it never began", log="last words").outputs()["preview"])
    assert set(told) == set(READY)
    assert set(told["diagnosis"]) == set(FAILED["diagnosis"])
    assert told["diagnosis"]["message"] == "it never began"


def test_the_summary_of_a_success_is_the_url_and_the_seconds_of_each_phase() -> None:
    summary = Ending.told(READY).summary()
    assert f"]({READY['url']})" in summary
    assert "| <code>app</code> | 2.2 |" in summary
    assert "| **all** | **2.5** |" in summary
    assert "Next:" not in summary


def test_the_summary_of_a_failure_says_why_and_what_to_do() -> None:
    summary = Ending.told(FAILED).summary()
    assert "<pre>it ends &lt;at&gt; once</pre>" in summary
    assert "<code>Deployment&#47;app</code>, <code>CrashLoopBackOff</code>" in summary
    assert "Next: <code>read &#96;its&#96; log</code>" in summary


def test_a_log_of_a_stranger_stays_inside_its_block() -> None:
    summary = Ending.told(FAILED).summary()
    assert summary.count("</pre>") == summary.count("<pre>") == 2
    assert "&lt;/pre&gt;" in summary


def test_a_url_that_is_no_plain_one_is_shown_and_not_linked() -> None:
    summary = Ending.told({**READY, "url": "https://x.example/) [y](https://evil.example"}).summary()
    assert "](" not in summary
