# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has certainly ended is told from one of which nothing is known."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.liveness import NoProcesses, SystemProcesses

SYSTEM = SystemProcesses()


def mark(*, machine=None, pid=None, started=None):
    own_machine, own_pid, own_started = SYSTEM.here().split("-")
    return f"{machine or own_machine}-{pid or own_pid}-{started or own_started}"


@pytest.fixture
def child():
    """A process that waits for its standard input to end."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as made:
        yield made
        made.kill()


def started(pid):
    return Path("/proc", str(pid), "stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]


def test_we_are_here_and_alive():
    assert SYSTEM.here() == SYSTEM.here()
    assert not SYSTEM.is_gone(SYSTEM.here())


def test_a_living_process_of_this_machine_is_not_gone(child):
    assert not SYSTEM.is_gone(mark(pid=child.pid, started=started(child.pid)))


def test_a_killed_one_is_gone_even_before_its_parent_has_asked(child):
    its = mark(pid=child.pid, started=started(child.pid))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert SYSTEM.is_gone(its)
    child.wait()
    assert SYSTEM.is_gone(its)


def test_a_younger_process_of_the_same_number_is_another(child):
    assert SYSTEM.is_gone(mark(pid=child.pid, started="1"))


@pytest.mark.parametrize(
    "unknown",
    ["", "x", "0-0-0", "0123456789abcdef-1-1", f"{'0' * 16}-999999999-1", "0123456789abcdef-99999999999999-1"],
)
def test_of_another_machine_and_of_no_mark_nothing_is_known(unknown):
    assert not SYSTEM.is_gone(unknown)


def test_a_number_that_no_process_can_have_is_no_traceback():
    assert not SYSTEM.is_gone(mark(pid="9999999999"))


def test_a_process_of_another_user_is_alive_although_it_may_not_be_signalled(monkeypatch):
    def forbidden(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert not SYSTEM.is_gone(SYSTEM.here())


def test_who_knows_of_no_process_waits():
    nobody = NoProcesses()
    assert nobody.here() == ""
    assert not nobody.is_gone(SYSTEM.here())
