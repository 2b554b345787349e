# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that go out together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def each(pool: Executor, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """``work`` done on all items at once; the results in their order.

    However it ends, nothing of it is under way any more: who gives a turn back must have no write on the wire.

    :raises Exception: the first that ``work`` raises, in the order of the items; what has not begun by then is dropped.
    """
    futures: list[Future[_Result]] = []
    try:
        for item in items:
            futures.append(pool.submit(work, item))
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
        wait(futures)
