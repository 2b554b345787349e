# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeing processes end, from a process of its own: being the reaper of orphans cannot be undone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ACTIONS = Path(__file__).resolve().parents[3] / ".github/actions"
REAPER = f"""
import signal, subprocess, sys, time
sys.path.insert(0, {str(ACTIONS)!r})
from preview import processes
processes.adopt_orphans()
parent = subprocess.Popen(["sh", "-c", sys.argv[1]], start_new_session=True)
time.sleep(0.3)
processes.signal_children(signal.SIGTERM)
print(processes.await_end(time.monotonic() + float(sys.argv[2])), list(processes.children()))
"""


def reaped(script: str, seconds: float) -> tuple[str, float]:
    """What the reaper said of a shell script that was asked to stop, and after how long."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", REAPER, script, str(seconds)], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip(), time.monotonic() - began


def test_an_orphan_in_a_session_of_its_own_is_waited_for(tmp_path: Path) -> None:
    said, seconds = reaped(f"setsid sh -c 'trap \"\" TERM; sleep 1; touch {tmp_path}/end' & wait", 20)
    assert said == "True []"
    assert (tmp_path / "end").exists()
    assert seconds >= 1


def test_what_does_not_end_by_the_deadline_is_killed(tmp_path: Path) -> None:
    said, seconds = reaped(f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done", 0.5)
    assert said == "False []"
    assert seconds < 10
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists() or os.getpgid(pid) != pid
