# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook as people run it: to its end, in the background, or killed in one of the ways in which runs die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from .places import ROOT

RUN_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a play ended."""

    code: int
    preview: Mapping[str, Any]
    output: str
    seconds: float

    def phase(self, name: str) -> float:
        """The seconds that a phase took; 0 where the run did not come to it."""
        return sum(float(phase["seconds"]) for phase in self.preview.get("phases", ()) if phase["name"] == name)


class Way(Enum):
    """How a run dies."""

    TREE = "tree"
    """SIGKILL for every process of it, as by the machine's memory killer or a power cut."""
    GROUP = "group"
    """SIGTERM for its process group, as by a cancelled job; its module may finish what it does then."""
    ORPHAN = "orphan"
    """SIGKILL for ansible-playbook alone, so that its module goes on without anybody to report to."""


class Started:
    """A play in the background, in a session of its own; as a context manager, none of it outlives the context.

    :param folder: where the person stands.
    :param options: further ones of ansible-playbook, such as ``--diff``.
    :param environment: variables of its processes, besides ours.
    """

    def __init__(
        self,
        playbook: str,
        variables: Mapping[str, Any],
        *,
        options: Iterable[str] = (),
        folder: Path = ROOT,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        # Ansible's workers leave the session, and an orphan leaves the tree; what stays is what they inherit.
        self._mark = f"EPHEMERAL_E2E_RUN={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        named = str(ROOT / "playbooks" / playbook) if playbook.endswith(".yml") else playbook
        # A file, since an orphan would keep a pipe open.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the context ends
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [Path(sys.executable).parent / "ansible-playbook", named, *options, "-e", json.dumps(dict(variables))],
            cwd=folder,
            env={
                **os.environ,
                name: value,
                "PWD": str(folder),
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_SHOW_CUSTOM_STATS": "1",
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
                "LC_ALL": "C.UTF-8",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Started:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill(Way.TREE)
        self._process.wait()
        self._output.close()

    @property
    def ended(self) -> bool:
        """Whether ansible-playbook has ended; its module may still be there."""
        return self._process.poll() is not None

    @property
    def output(self) -> str:
        """What it has printed so far."""
        # Not by seek and read: the run writes at the offset that both share.
        file = self._output.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode("utf-8", "replace")

    def wait(self, *, seconds: float = RUN_SECONDS) -> Run:
        """Let it end by itself.

        :raises AssertionError: where it does not.
        """
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run has not ended after {seconds} s:\n{self.output}") from None
        took, output = time.monotonic() - self._began, self.output
        _, _, stats = output.partition("RUN: ")
        preview = json.JSONDecoder().raw_decode(stats)[0].get("preview", {}) if stats else {}
        return Run(code=code, preview=preview, output=output, seconds=took)

    def kill(self, way: Way) -> None:
        """End it; only after ``Way.TREE`` is it certain to be gone."""
        match way:
            case Way.TREE:
                self._until_gone(5, lambda pid: _signal(pid, signal.SIGKILL))
            case Way.GROUP if not self.ended:
                os.killpg(self._process.pid, signal.SIGTERM)
            case Way.ORPHAN:
                self._process.kill()

    def freeze(self) -> None:
        """Stop every process of it where it is, as a machine that is suspended does."""
        for pid in self._processes():
            _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._processes():
            _signal(pid, signal.SIGCONT)

    def see_gone(self, *, seconds: float) -> None:
        """Wait until no process of it is left.

        :raises AssertionError: where one stays.
        """
        self._until_gone(seconds, lambda _: None)

    def _until_gone(self, seconds: float, push: Callable[[int], None]) -> None:
        deadline = time.monotonic() + seconds
        while left := self._processes():
            for pid in left:
                push(pid)
            commands = [_read(Path("/proc", str(pid), "cmdline")).replace(b"\0", b" ")[:100] for pid in left]
            assert time.monotonic() < deadline, f"processes of a run are left after {seconds:g} s: {commands}"
            time.sleep(0.02)

    def _processes(self) -> list[int]:
        """The newest first: the module before those that started it."""
        mark = self._mark.encode()
        numbers = sorted((int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()), reverse=True)
        return [pid for pid in numbers if mark in _read(Path("/proc", str(pid), "environ"))]


def play(playbook: str, variables: Mapping[str, Any], *options: str, folder: Path = ROOT) -> Run:
    """Run a playbook as a person would and take its result from `set_stats`.

    :param playbook: ``pr.yml``, or by its name in the collection: ``ephemeral.k8s.pr``.
    :param options: further ones of ansible-playbook, such as ``--diff``.
    :param folder: where the person stands.
    """
    run = Started(playbook, variables, options=options, folder=folder)
    try:
        return run.wait()
    finally:
        # What it has started and left on purpose, as the sandbox is, goes on.
        if not run.ended:
            run.kill(Way.TREE)


def until(condition: str, holds: Callable[[], object], *, seconds: float) -> None:
    """Ask again and again until ``holds()``.

    :raises AssertionError: with the condition's words.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not so after {seconds:g} s: {condition}"
        time.sleep(0.1)


def _read(path: Path) -> bytes:
    """Empty for a process that has ended meanwhile, or that is a zombie."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
