# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes out together has come back, however it ends."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.burst import each
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import CancelledError


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as made:
        yield made


def test_results_come_in_the_order_of_the_items(pool):
    def slow_first(number):
        time.sleep(0.05 if number == 1 else 0)
        return number * 10

    assert each(pool, slow_first, [1, 2, 3]) == [10, 20, 30]


def test_the_first_failure_drops_what_has_not_begun_and_waits_for_what_has(pool):
    begun, ended = [], []

    def work(number):
        begun.append(number)
        if number == 1:
            raise ValueError("one")
        time.sleep(0.2)
        ended.append(number)

    with pytest.raises(ValueError, match="one"):
        each(pool, work, range(1, 20))
    assert len(begun) < 19
    assert sorted(begun) == [1, *sorted(ended)]


def test_a_caller_that_is_interrupted_leaves_nothing_under_way(pool):
    def interrupt(*_):
        raise CancelledError("stop")

    begun, ended = [], []

    def work(number):
        begun.append(number)
        time.sleep(0.3)
        ended.append(number)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(CancelledError):
            each(pool, work, range(9))
        assert sorted(ended) == sorted(begun) == [0, 1]
    finally:
        signal.signal(signal.SIGALRM, before)
