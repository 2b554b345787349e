# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that contend for one record on the real API server, killed and stopped at random, keep to the protocol."""

from __future__ import annotations

import heapq
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

import pytest

from .conftest import KUBECONFIG, ROOT, STATE, Kubectl

pytestmark = pytest.mark.faults

NAME, PLATFORM = "protocol-pr-600", "platform"
LEASE_SECONDS = 15
# Two seconds of start-up, one look at the Lease, and the writes; twice that on a busy machine.
OWN_SECONDS = 8.0
WRITES = 10


@dataclass(frozen=True, kw_only=True)
class Write:
    """One version of the record's status."""

    run: str
    sequence: int
    phase: str


class Observer:
    """All writes of the record in their order, as the API server tells them to somebody who only watches."""

    def __init__(self) -> None:
        command = [str(STATE / "bin/kubectl"), "--kubeconfig", str(KUBECONFIG), "-n", PLATFORM, "get", "environments"]
        watching = ["--field-selector", f"metadata.name={NAME}", "--watch", "--output-watch-events", "-o", "json"]
        self.writes: list[Write] = []
        self._process = subprocess.Popen([*command, *watching], stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._reader.join(timeout=10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        decoder, text, last = json.JSONDecoder(), "", {}
        for chunk in iter(lambda: self._process.stdout.read1(), b""):
            text += chunk.decode()
            with suppress(ValueError):
                while text := text.lstrip():
                    event, end = decoder.raw_decode(text)
                    text = text[end:]
                    status = event["object"].get("status", {})
                    # What is asked for is written too, and leaves the status as it is.
                    if status and status != last:
                        last = status
                        write = Write(run=status["run"], sequence=status["sequence"], phase=status["phase"])
                        self.writes.append(write)


@dataclass(eq=False, kw_only=True)
class Contender:
    """One process.

    :ivar stopped: for how many seconds it was stopped, all stops together.
    """

    name: str
    sequence: int
    process: subprocess.Popen[str]
    started_at: float = field(default_factory=time.monotonic)
    killed: bool = False
    stopped: float = 0.0
    ending: str = ""

    @classmethod
    def start(cls, name: str, sequence: int, *, neighbours: bool) -> Contender:
        program = Path(__file__).with_name("contender.py")
        process = subprocess.Popen(
            [sys.executable, program, name, str(sequence), str(WRITES), str(int(neighbours))],
            env={**os.environ, "PYTHONPATH": str(ROOT / ".collections"), "KUBECONFIG": str(KUBECONFIG)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        return cls(name=name, sequence=sequence, process=process)

    def signal(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.killed = self.killed or number == signal.SIGKILL

    def stop(self, seconds: float) -> None:
        if self.process.poll() is None:
            self.stopped += seconds
            self.process.send_signal(signal.SIGSTOP)

    def wait(self, seconds: float) -> None:
        try:
            self.ending, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} (sequence {self.sequence}) has not ended after {seconds:g} s")


@pytest.fixture
def observer(kubectl: Kubectl) -> Iterator[Observer]:
    def remove() -> None:
        for kind in ("environment", "lease"):
            kubectl("-n", PLATFORM, "delete", kind, NAME, "--ignore-not-found")

    remove()
    observer = Observer()
    yield observer
    observer.close()
    remove()


@pytest.fixture
def contenders() -> Iterator[list[Contender]]:
    started: list[Contender] = []
    yield started
    for contender in started:
        contender.signal(signal.SIGKILL)
        contender.process.wait(timeout=10)


@pytest.mark.parametrize(
    ("seed", "number", "stops"),
    [
        (1, 6, (1.0, 3.0)),
        *(pytest.param(seed, 14, (1.0, 8.0, 18.0, 25.0), marks=pytest.mark.slow) for seed in range(2, 6)),
    ],
)
def test_killed_and_stopped_runs_keep_to_the_protocol(
    seed: int, number: int, stops: tuple[float, ...], observer: Observer, contenders: list[Contender]
) -> None:
    """The short one knows the processes of its machine, so that a dead one need not be waited for."""
    dice, short = random.Random(seed), number < 10
    play(dice, number, stops, contenders, neighbours=lambda: short or dice.random() < 0.5)
    last = Contender.start("last", max(each.sequence for each in contenders) + 1, neighbours=short)
    contenders.append(last)
    last.wait(LEASE_SECONDS + OWN_SECONDS)
    for contender in contenders[:-1]:
        contender.wait(LEASE_SECONDS + OWN_SECONDS)
    await_write(observer, lambda write: (write.run, write.phase) == ("last", "Ready"))

    assert last.ending == "ready"
    judge(observer.writes, {each.name: each for each in contenders})


def play(
    dice: random.Random,
    number: int,
    stops: tuple[float, ...],
    contenders: list[Contender],
    *,
    neighbours: Callable[[], bool],
) -> None:
    """Start contenders one after the other, and let what was drawn for each of them happen in its time."""
    agenda: list[tuple[float, int, Callable[[], None]]] = []
    order = count()

    def at(moment: float, work: Callable[[], None]) -> None:
        heapq.heappush(agenda, (moment, next(order), work))

    def begin(name: str, sequence: int) -> None:
        contender = Contender.start(name, sequence, neighbours=neighbours())
        contenders.append(contender)
        moment = time.monotonic() + dice.uniform(0.3, 4.0)
        match dice.choice(("lives", "killed", "killed", "stopped")):
            case "killed":
                at(moment, lambda: contender.signal(signal.SIGKILL))
            case "stopped":
                seconds = dice.choice(stops)
                at(moment, lambda: contender.stop(seconds))
                at(moment + seconds, lambda: contender.signal(signal.SIGCONT))

    sequence, moment = 1, time.monotonic()
    for index in range(number):
        at(moment, lambda name=f"run{index}", sequence=sequence: begin(name, sequence))  # type: ignore[misc]
        sequence = max(1, sequence + dice.choice((-1, 0, 1, 1)))
        moment += dice.uniform(0.1, 1.5)
    while agenda:
        due, _, work = heapq.heappop(agenda)
        time.sleep(max(0.0, due - time.monotonic()))
        work()


def await_write(observer: Observer, wanted: Callable[[Write], bool]) -> None:
    deadline = time.monotonic() + 10
    while not any(map(wanted, observer.writes)):
        assert time.monotonic() < deadline, (
            f"the watch told nothing of the last write; it ends with {observer.writes[-3:]}"
        )
        time.sleep(0.05)


def judge(writes: list[Write], contenders: dict[str, Contender]) -> None:
    """What holds for every order of events and faults."""
    turns = [(run, list(group)) for run, group in groupby(writes, key=lambda write: write.run)]
    first: set[str] = set()
    kept = []
    for run, group in turns:
        # A process that is stopped between its question and its write cannot know that it sleeps through its turn.
        if run in first:
            assert contenders[run].stopped >= LEASE_SECONDS, f"{run} wrote in the turn of another: {told(turns)}"
            assert len(group) == 1, f"{run} wrote on after it could know: {told(turns)}"
        else:
            first.add(run)
            kept.append((run, group))
    sequences = [write.sequence for _, group in kept for write in group]
    assert sequences == sorted(sequences), f"the record went back: {told(turns)}"
    assert writes[-1].run == "last"

    newest_before = 0
    for run, group in kept:
        contender = contenders[run]
        if contender.ending == "ready":
            assert (len(group), group[-1].phase) == (WRITES + 1, "Ready"), f"{run} says that it is ready: {told(turns)}"
        newest_before = max(newest_before, contender.sequence)
    for contender in contenders.values():
        if contender.killed:
            continue
        if contender.ending == "superseded":
            assert contender.sequence < newest_before, f"{contender.name} gave way to nobody: {told(turns)}"
        elif contender.ending != "ready":
            assert contender.stopped >= LEASE_SECONDS, f"{contender.name}: {contender.ending}"


def told(turns: list[tuple[str, list[Write]]]) -> str:
    return ", ".join(f"{run} (sequence {group[0].sequence}) x {len(group)}" for run, group in turns)
