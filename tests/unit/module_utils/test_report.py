# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A result in words."""

from __future__ import annotations

from ansible_collections.ephemeral.k8s.plugins.module_utils.report import lines


def preview(**changes):
    return {
        "status": "ready",
        "url": "https://shop-pr-1.preview.example.org",
        "namespace": "shop-pr-1",
        "changed": True,
        "phases": [{"name": "plan", "seconds": 0.25}, {"name": "app", "seconds": 2.0}],
        "diagnosis": None,
        **changes,
    }


def test_a_good_end_is_three_lines():
    assert lines(preview()) == [
        "shop-pr-1: ready",
        "https://shop-pr-1.preview.example.org",
        "2.2 s: plan 0.2, app 2.0",
    ]


def test_without_ingress_and_phases_only_the_state_is_told():
    assert lines(preview(url=None, phases=[], status="absent")) == ["shop-pr-1: absent"]


def test_giving_way_says_to_what():
    told = lines(preview(url=None, phases=[], status="superseded"))
    assert told[1] == "nothing was deployed: a newer event of this pull request (pr_sequence) came first"
    assert "time of day" in told[2]


def test_a_failure_says_why_where_and_what_next():
    diagnosis = {
        "phase": "app",
        "object": "Pod/app-1",
        "reason": "CrashLoop",
        "exit_code": 3,
        "message": "container app ends with 3",
        "log": "one\ntwo",
        "hint": "look at the log",
    }
    assert lines(preview(status="failed", diagnosis=diagnosis))[3:] == [
        "why: CrashLoop, exit code 3 in phase app of Pod/app-1",
        "container app ends with 3",
        "last log lines:",
        "  one",
        "  two",
        "next: look at the log",
    ]


def test_a_refusal_without_object_log_or_namespace_stays_short():
    diagnosis = {
        "phase": "plan",
        "object": "",
        "reason": "Refused",
        "exit_code": None,
        "message": "no such file",
        "log": "",
        "hint": "",
    }
    told = lines(preview(status="refused", namespace=None, url=None, phases=[], diagnosis=diagnosis))
    assert told == ["environment: refused", "why: Refused in phase plan", "no such file"]
