# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox as a whole: started, looked at, killed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from .runs import Run, Started, Way, play, until

CGROUPS = Path("/sys/fs/cgroup")
_FREEZER = CGROUPS / "freezer"
# Whatever the sandbox has started is in it, containers too.
GROUP = (_FREEZER if _FREEZER.exists() else CGROUPS) / "ephemeral-k8s"


def sandbox(state: str = "started") -> Run:
    return play("sandbox.yml", {"sandbox_state": state})


def pids() -> list[int]:
    found: list[int] = []
    for file in GROUP.glob("**/cgroup.procs"):
        with suppress(OSError):  # a container's group goes with it
            found += map(int, file.read_text().split())
    return found


def command_of(pid: int) -> list[str]:
    """Empty for a zombie, which its parent has not asked about yet, and for one that has gone."""
    try:
        return Path("/proc", str(pid), "cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def processes() -> set[str]:
    """The sandbox's living processes, in whichever hierarchy."""
    found = set()
    for cgroup in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            if "ephemeral-k8s" in cgroup.read_text():
                found.add(" ".join(command_of(int(cgroup.parent.name))))
        except OSError:
            continue
    return found - {""}


def pids_of(program: str) -> list[int]:
    return [pid for pid in pids() if Path(next(iter(command_of(pid)), "")).name == program]


def kill(program: str) -> set[int]:
    """SIGKILL to one component, whether it runs under supervisord or in a pod; the numbers it had."""
    victims = set(pids_of(program))
    assert victims, f"{program} does not run"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    return victims


def kill_everything() -> None:
    """SIGKILL to supervisord, its children and the containers, all at one instant.

    The kernel lives on and writes what they had handed to it: of a power cut this is the sudden end of every process,
    not the loss of what was not on the disk yet.
    """
    until("no process of the sandbox survives SIGKILL", _none_is_left, seconds=10)


def end_everything(run: Started) -> None:
    """The same for a run that is under way: with the sandbox, at one instant."""
    run.freeze()
    kill_everything()
    run.kill(Way.TREE)
    assert run.wait().code == -signal.SIGKILL, f"the run had ended before: {run.output}"


def _none_is_left() -> bool:
    if not pids():
        return True
    if (GROUP / "cgroup.kill").exists():
        (GROUP / "cgroup.kill").write_text("1")
        return False
    # Frozen first: what is killed one by one could see the others go, and act on it.
    (GROUP / "freezer.state").write_text("FROZEN")
    for pid in pids():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    (GROUP / "freezer.state").write_text("THAWED")
    return False
