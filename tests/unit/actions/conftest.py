# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of a job: the real program with the real ansible-runner and Ansible, on a platform of one small playbook."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from .job_reader import read_outputs

ROOT = Path(__file__).resolve().parents[3]
HOSTS = """\
all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A step that has ended."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


class Job:
    """A job on a machine of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.platform = folder / "platform"
        self.temporary = folder / "temp"
        self.workspace = folder / "workspace"
        for each in (self.temporary, self.workspace, self.platform / "playbooks", self.platform / "inventories/one"):
            each.mkdir(parents=True)
        shutil.copytree(ROOT / ".github/actions", self.platform / ".github/actions")
        (self.platform / "ansible.cfg").write_text("[defaults]\ngathering = explicit\n")
        (self.platform / "inventories/one/hosts.yml").write_text(HOSTS)
        (folder / "output").touch()
        (folder / "summary").touch()

    def playbook(self, tasks: str) -> None:
        """Let `playbooks/pr.yml` be one play of these tasks."""
        indented = "".join(f"    {line}\n" for line in tasks.splitlines())
        (self.platform / "playbooks/pr.yml").write_text(f"- name: The play\n  hosts: localhost\n  tasks:\n{indented}")

    def use_the_real_platform(self) -> None:
        """Run this checkout's own playbooks."""
        self.platform = ROOT

    def start(self, **environment: str) -> subprocess.Popen[str]:
        """Start `run.py` as a step does."""
        return subprocess.Popen(
            [sys.executable, self.platform / ".github/actions/preview/run.py"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "RUNNER_TEMP": str(self.temporary),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "INPUT_PR": "7",
                "INPUT_INVENTORY": "one",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Done:
        """Wait for its end and read what it reported."""
        try:
            log, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        return Done(
            code=process.returncode,
            log=log,
            outputs=read_outputs(self.folder / "output"),
            summary=(self.folder / "summary").read_text(),
        )

    def run(self, **environment: str) -> Done:
        """Start it and wait for its end."""
        return self.end(self.start(**environment))


@pytest.fixture(scope="module")
def new_job(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Job]:
    return lambda: Job(tmp_path_factory.mktemp("job"))


@pytest.fixture
def job(new_job: Callable[[], Job]) -> Job:
    return new_job()
