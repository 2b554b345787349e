# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`resources` of an application or service: what its container asks for, and what it may have at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .declaration import declared
from .fields import Rule, Schema
from .quantities import MIB, format_bytes, format_cpu
from .reading import Path, Reading
from .rules import CPU, MEMORY
from .shapes import Record


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """CPU in millicores and memory in bytes."""

    cpu_millis: int
    memory_bytes: int

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            cpu_millis=self.cpu_millis + other.cpu_millis, memory_bytes=self.memory_bytes + other.memory_bytes
        )

    def __mul__(self, times: int) -> Amounts:
        return Amounts(cpu_millis=self.cpu_millis * times, memory_bytes=self.memory_bytes * times)

    def most(self, other: Amounts) -> Amounts:
        """The larger of the two, each amount by itself."""
        return Amounts(
            cpu_millis=max(self.cpu_millis, other.cpu_millis),
            memory_bytes=max(self.memory_bytes, other.memory_bytes),
        )


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Requests (what the scheduler keeps free) and limits (what the kernel enforces) of one container."""

    requests: Amounts
    limits: Amounts

    def __add__(self, other: Resources) -> Resources:
        return Resources(requests=self.requests + other.requests, limits=self.limits + other.limits)

    def __mul__(self, times: int) -> Resources:
        return Resources(requests=self.requests * times, limits=self.limits * times)

    def most(self, other: Resources) -> Resources:
        """The larger of the two, each amount by itself."""
        return Resources(requests=self.requests.most(other.requests), limits=self.limits.most(other.limits))


def resources(*, cpu: tuple[int, int], memory: tuple[int, int]) -> Resources:
    """Requests and limits from a row of a table: (request, limit) in millicores and in Mi."""
    return Resources(
        requests=Amounts(cpu_millis=cpu[0], memory_bytes=memory[0] * MIB),
        limits=Amounts(cpu_millis=cpu[1], memory_bytes=memory[1] * MIB),
    )


DEFAULT_RESOURCES: Final = resources(cpu=(50, 200), memory=(128, 384))
"""Of a container whose configuration says nothing."""


@dataclass(frozen=True, kw_only=True)
class _Amounts:
    cpu: int | None = declared(CPU, about="CPU, such as 250m or 0.5", default=None)
    memory: int | None = declared(MEMORY, about="Memory, such as 256Mi", default=None)


@dataclass(frozen=True, kw_only=True)
class _Resources:
    requests: _Amounts = declared(
        Record(_Amounts), about="Kept free for it; 50m and 128Mi, or the limit where that is less", default=_Amounts
    )
    limits: _Amounts = declared(Record(_Amounts), about="The most it may have; 200m and 384Mi", default=_Amounts)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Request and limit of CPU or of memory, as written and as they are then."""

    name: str
    form: Callable[[int], str]
    asked: int | None
    limited: int | None
    default: tuple[int, int]
    bound: int

    @property
    def limit(self) -> int:
        return self.default[1] if self.limited is None else self.limited

    @property
    def request(self) -> int:
        return min(self.default[0], self.limit) if self.asked is None else self.asked

    def check(self, path: Path, reading: Reading) -> None:
        """Note where request <= limit <= bound does not hold."""
        request_at, limit_at = (*path, "requests", self.name), (*path, "limits", self.name)
        if reading.faulty(request_at, limit_at):
            return
        if self.limit > self.bound:
            most = f"a container may have {self.form(self.bound)} at most (LimitRange)"
            reading.fault(limit_at, f"is {self.form(self.limit)}; {most}")
        if self.request > self.limit:
            of = "the default; write a limit too" if self.limited is None else "lower the one or raise the other"
            reading.fault(
                request_at,
                f"is {self.form(self.request)}; must not be above limits.{self.name}, {self.form(self.limit)} ({of})",
            )


class ResourcesRule(Rule[Resources]):
    """Amounts in their order: request <= limit <= LimitRange.

    A request that is not written follows a limit below its default; a limit never follows a request, since more than
    the default is to be asked for in words.
    """

    _WRITTEN: Final = Record(_Resources)

    def accept(self, value: object, path: Path, reading: Reading) -> Resources:
        """See :meth:`Rule.accept`."""
        written = self._WRITTEN.accept(value, path, reading)
        default, bounds = DEFAULT_RESOURCES, reading.limits
        cpu = _Pair(
            name="cpu",
            form=format_cpu,
            asked=written.requests.cpu,
            limited=written.limits.cpu,
            default=(default.requests.cpu_millis, default.limits.cpu_millis),
            bound=bounds.container_cpu_millis,
        )
        memory = _Pair(
            name="memory",
            form=format_bytes,
            asked=written.requests.memory,
            limited=written.limits.memory,
            default=(default.requests.memory_bytes, default.limits.memory_bytes),
            bound=bounds.container_memory_bytes,
        )
        cpu.check(path, reading)
        memory.check(path, reading)
        return Resources(
            requests=Amounts(cpu_millis=cpu.request, memory_bytes=memory.request),
            limits=Amounts(cpu_millis=cpu.limit, memory_bytes=memory.limit),
        )

    def write(self, value: Resources) -> dict[str, Any]:
        """See :meth:`Rule.write`."""
        return self._WRITTEN.write(
            _Resources(
                requests=_Amounts(cpu=value.requests.cpu_millis, memory=value.requests.memory_bytes),
                limits=_Amounts(cpu=value.limits.cpu_millis, memory=value.limits.memory_bytes),
            )
        )

    def schema(self) -> Schema:
        """See :meth:`Rule.schema`."""
        return self._WRITTEN.schema()
