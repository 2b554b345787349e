# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of single values of `k8s-ee.yaml`, at their bounds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import rules
from ansible_collections.ephemeral.k8s.plugins.module_utils.fields import Rule

from ..judging import accepted, fault_of

DAY = 86400


@pytest.mark.parametrize(
    ("rule", "value", "result"),
    [
        (rules.PORT, 1, 1),
        (rules.PORT, 65535, 65535),
        (rules.UID, 1, 1),
        (rules.UID, 2**31 - 1, 2**31 - 1),
        (rules.REPLICAS, 10, 10),
        (rules.URL_PATH, "/", "/"),
        (rules.URL_PATH, "/health?full=1&x=%20", "/health?full=1&x=%20"),
        (rules.COMMAND, "./run.sh --fast", ("sh", "-c", "./run.sh --fast")),
        (rules.COMMAND, ["a", "", "a"], ("a", "", "a")),
        (
            rules.WRITABLE_DIRS,
            ["/data/", "/tmp/cache", "/a.b/c_d", "/..a"],
            ("/data", "/tmp/cache", "/a.b/c_d", "/..a"),
        ),
        (rules.IMAGE_REPOSITORY, "registry.example.org:5000/team/app", "registry.example.org:5000/team/app"),
        (rules.IMAGE_REPOSITORY, "localhost:5000/a__b", "localhost:5000/a__b"),
        (rules.IMAGE_REPOSITORY, "app", "app"),
        (rules.CPU, "1m", 1),
        (rules.MEMORY, "8Mi", 8 * 1024**2),
        (rules.EXPIRY, "1h", 3600),
        (rules.EXPIRY, "30d", 30 * DAY),
        (rules.SLEEP, "5m", 300),
        (rules.METRICS_INTERVAL, "5s", 5),
        (rules.METRICS_INTERVAL, "5m", 300),
        (rules.ENV, {"_a1": "x\ny", "B": ""}, {"_a1": "x\ny", "B": ""}),
        (rules.SECRETS, ["API_KEY", "b"], ("API_KEY", "b")),
        (rules.TRIGGER, "on-demand", "on-demand"),
    ],
)
def test_values_at_their_bounds_are_taken(rule: Rule[Any], value: object, result: object) -> None:
    assert accepted(rule, value) == result
    assert accepted(rule, rule.write(accepted(rule, value))) == result


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        (rules.PORT, 0, "from 1 to 65535"),
        (rules.PORT, 65536, "from 1 to 65535"),
        (rules.UID, 0, "from 1 to 2147483647"),
        (rules.REPLICAS, 0, "from 1 to 10"),
        (rules.URL_PATH, "", "beginning with one '/'"),
        (rules.URL_PATH, "//evil.example.org", "beginning with one '/'"),
        (rules.URL_PATH, "/a b", "without spaces"),
        (rules.URL_PATH, "/a\r\nHost: x", "without spaces"),
        (rules.URL_PATH, "/a\n", "without spaces"),
        (rules.URL_PATH, "/a#b", "without spaces and '#'"),
        (rules.URL_PATH, "/é", "printable ASCII"),
        (rules.URL_PATH, "/" * 1 + "a" * 200, "200 at most"),
        (rules.COMMAND, " \t", "must be a command line or a list of words"),
        (rules.COMMAND, "a\0b", "must be a command line or a list of words"),
        (rules.COMMAND, {"a": 1}, "must be a command line or a list of words"),
        (rules.COMMAND, [" ", "a"], "must name a program"),
        (rules.COMMAND, ["a", 1], 'write "1", in quotes'),
        (rules.COMMAND, ["a\0"], "without NUL"),
        (rules.COMMAND, ["a"] * 101, "must have 1 to 100"),
        (rules.WRITABLE_DIRS, ["/tmp/"], "always writable"),
        (rules.WRITABLE_DIRS, ["/dev/shm"], "kernel's directories"),
        (rules.WRITABLE_DIRS, ["/sys"], "kernel's directories"),
        (rules.WRITABLE_DIRS, ["/a/./b"], "absolute path"),
        (rules.WRITABLE_DIRS, ["//a"], "absolute path"),
        (rules.WRITABLE_DIRS, ["/a\n"], "absolute path"),
        (rules.WRITABLE_DIRS, ["/a:ro"], "absolute path"),
        (rules.WRITABLE_DIRS, [f"/{n}" for n in range(11)], "must have 0 to 10"),
        (rules.IMAGE_REPOSITORY, "app:latest", "without tag or digest"),
        (rules.IMAGE_REPOSITORY, "app@sha256:" + "0" * 64, "without tag or digest"),
        (rules.IMAGE_REPOSITORY, "Team/App", "without tag or digest"),
        (rules.IMAGE_REPOSITORY, "-app", "without tag or digest"),
        (rules.IMAGE_REPOSITORY, "https://registry.example.org/app", "without tag or digest"),
        (rules.MEMORY, "4Mi", "at least 8Mi"),
        (rules.CPU, "0.0001", "250m or 0.5"),
        (rules.EXPIRY, "59m", "at least 1h and at most 30d"),
        (rules.SLEEP, "31d", "at least 5m and at most 30d"),
        (rules.METRICS_INTERVAL, "4s", "at least 5s and at most 5m"),
        (rules.ENV, {"A-B": "x"}, "a variable's name"),
        (rules.ENV, {"1A": "x"}, "a variable's name"),
        (rules.ENV, {"A": None}, 'or "" for an empty one'),
        (rules.ENV, {"A": 3.1}, "put the value in quotes"),
        (rules.ENV, {"A": ["hunter2"]}, "must be text"),
        (rules.ENV, {"A": "hunter2\0"}, "NUL"),
        (rules.SECRETS, ["KEY=hunter2"], "project secret"),
        (rules.TRIGGER, "manual", "automatic, label, on-demand"),
    ],
)
def test_values_beyond_them_are_refused(rule: Rule[Any], value: object, words: str) -> None:
    assert words in fault_of(rule, value)


@pytest.mark.parametrize("value", [{"A": 271828}, {"A": ["271828"]}, {"A": "271828\0"}, {"A": {"B": "271828"}}])
def test_no_fault_of_a_variable_repeats_its_value(value: object) -> None:
    assert "271828" not in fault_of(rules.ENV, value)
