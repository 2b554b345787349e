# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads of which one goes at a time, in an order that a test decides, in a time that passes only for them.

What the product waits with (`threading`, `queue`, a clock, an executor) is stood in for, so that a run is the real code
and yet stops wherever another one could come in between.
"""

from __future__ import annotations

import heapq
import itertools
import math
import queue
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from typing import Any

# A run makes some hundred requests; more steps than this at one instant are a loop that lets no time pass.
_MOST_STEPS = 5_000


class Ended(BaseException):
    """Unwinds a thread that shall never act again; no code of the product catches it."""


class Task:
    """A thread that goes from one wait to the next when the schedule says so.

    :ivar about: what it will do when it goes on, where it said so.
    """

    def __init__(self, schedule: Schedule, run: str, work: Callable[[], object]) -> None:
        self.run = run
        self.done = False
        self.killed = False
        self.interruption: Exception | None = None
        self.about: object = None
        self.until: Callable[[], bool] = _always
        self.deadline = math.inf
        self._schedule = schedule
        self._work = work
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._main, name=run, daemon=True)
        self._thread.start()

    def advance(self) -> None:
        """Let it go to its next wait, or its end."""
        self._go.release()
        if not self._back.acquire(timeout=30):
            raise AssertionError(f"a thread of {self.run} waits for something that no schedule knows of")
        if self.done:
            self._thread.join()

    def wait(self, until: Callable[[], bool], deadline: float, about: object) -> bool:
        """Called in the thread itself: stop here."""
        if self.killed:
            raise Ended
        self.until, self.deadline, self.about = until, deadline, about
        self._back.release()
        self._go.acquire()
        if self.killed:
            raise Ended
        if self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            raise interruption
        return until()

    def _main(self) -> None:
        self._go.acquire()
        try:
            if not self.killed:
                self._work()
        except Ended:
            pass
        except BaseException as error:  # noqa: BLE001 - told where somebody looks: in the test's own thread
            self._schedule.failures.append(error)
        finally:
            self.done = True
            self._back.release()


class Schedule:
    """All tasks and the time they share.

    :ivar now: seconds since the beginning.
    :ivar failures: what tasks ended with that was not theirs to raise.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.failures: list[BaseException] = []
        self.frozen: set[str] = set()
        self._tasks: list[Task] = []
        self._current: Task | None = None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    @property
    def running(self) -> Task:
        """The task that is going."""
        assert self._current is not None
        return self._current

    def start(self, run: str, work: Callable[[], object]) -> Task:
        """A new task; it goes when its time comes."""
        task = Task(self, run, work)
        self._tasks.append(task)
        return task

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something that no run does, after a time."""
        heapq.heappush(self._timers, (self.now + seconds, next(self._numbers), work))

    def wait(
        self, until: Callable[[], bool] | None = None, seconds: float | None = None, *, about: object = None
    ) -> bool:
        """Called in a task: stop until something holds, or for a time; whether it holds then.

        Without either, stop for as long as the others need to come first.

        :param about: what comes next.
        """
        deadline = math.inf if seconds is None else self.now + seconds
        return self.running.wait((_always if seconds is None else _never) if until is None else until, deadline, about)

    def is_about(self, run: str, what: object) -> bool:
        """Whether a thread of a run stands right before something."""
        return any(task.about == what for task in self._of(run))

    def kill(self, run: str) -> None:
        """Let no thread of a run ever act again."""
        for task in self._of(run):
            task.killed = True
            self._advance(task)
            assert task.done, "a killed thread went on"

    def go(self, run: str, steps: int, dice: random.Random) -> None:
        """Let one run alone take some steps, in no time."""
        for _ in range(steps):
            ready = [task for task in self._of(run) if self._can_go(task)]
            if not ready:
                return
            self._advance(dice.choice(ready))

    def pass_time(self, seconds: float, dice: random.Random, *, stop: Callable[[], bool] = lambda: False) -> None:
        """Let everybody go who is not frozen, for a time or until something holds."""
        end, steps = self.now + seconds, 0
        while not stop():
            self._tasks = [task for task in self._tasks if not task.done]
            ready = [task for task in self._tasks if self._can_go(task)]
            steps += 1
            assert steps < _MOST_STEPS, f"nobody lets time pass: {sorted({task.run for task in ready})}"
            if ready:
                self._advance(dice.choice(ready))
                continue
            awake = [task.deadline for task in self._tasks if task.run not in self.frozen]
            due = min(awake + [timer[0] for timer in self._timers[:1]], default=math.inf)
            self.now, steps = min(due, end), 0
            if due > end:
                return
            while self._timers and self._timers[0][0] <= self.now:
                heapq.heappop(self._timers)[2]()

    def _of(self, run: str) -> list[Task]:
        return [task for task in self._tasks if task.run == run and not task.done]

    def _can_go(self, task: Task) -> bool:
        return task.run not in self.frozen and (self.now >= task.deadline or task.until())

    def _advance(self, task: Task) -> None:
        self._current = task
        try:
            task.advance()
        finally:
            self._current = None
        if self.failures:
            raise self.failures[0]


class Threading:
    """Stands in for module `threading`."""

    def __init__(self, schedule: Schedule) -> None:
        class Thread:
            def __init__(self, *, target: Callable[..., object], args: tuple[Any, ...] = (), **_: object) -> None:
                self._work, self._task = lambda: target(*args), None

            def start(self) -> None:
                self._task = schedule.start(schedule.running.run, self._work)

            def join(self, timeout: float | None = None) -> None:
                schedule.wait(lambda: self._task.done, timeout)

        class Event:
            def __init__(self) -> None:
                self._set = False

            def set(self) -> None:
                self._set = True

            def is_set(self) -> bool:
                return self._set

            def wait(self, timeout: float | None = None) -> bool:
                return schedule.wait(self.is_set, timeout)

        self.Thread, self.Event = Thread, Event


class Queues:
    """Stands in for module `queue`."""

    Empty = queue.Empty

    def __init__(self, schedule: Schedule) -> None:
        class SimpleQueue:
            def __init__(self) -> None:
                self._items: deque[Any] = deque()

            def __class_getitem__(cls, item: object) -> type[SimpleQueue]:
                return cls

            def put(self, item: object) -> None:
                self._items.append(item)

            def empty(self) -> bool:
                return not self._items

            def get(self, timeout: float | None = None) -> object:
                if not schedule.wait(lambda: bool(self._items), timeout):
                    raise queue.Empty
                return self._items.popleft()

        self.SimpleQueue = SimpleQueue


class RunClock:
    """The clock of one machine: the common time, by a wall clock that is wrong and a counter that began elsewhere."""

    def __init__(self, schedule: Schedule, *, skew: float) -> None:
        self._schedule = schedule
        self._skew = skew

    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=self._schedule.now + self._skew)

    def monotonic(self) -> float:
        return 1000.0 - self._skew + self._schedule.now

    def sleep(self, seconds: float) -> None:
        self._schedule.wait(seconds=seconds)


class AtOnce(Executor):
    """An executor that does what it is given before it says that it took it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result is told
            future.set_exception(error)
        return future


def events_of(schedule: Schedule, source: queue.SimpleQueue[Any]) -> Iterator[Any]:
    """What comes in a real queue, waited for by the schedule; ends with None."""
    while True:
        schedule.wait(lambda: not source.empty())
        event = source.get()
        if event is None:
            return
        yield event


def _always() -> bool:
    return True


def _never() -> bool:
    return False
