# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as Kubernetes reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock, micro_timestamp, timestamp

MOMENT = datetime(2026, 11, 23, 22, 4, 5, 678901, tzinfo=timezone(timedelta(hours=1)))


def test_a_time_is_told_in_utc_with_whole_seconds():
    assert timestamp(MOMENT) == "2026-11-23T21:04:05Z"


def test_a_lease_is_renewed_to_the_microsecond():
    assert micro_timestamp(MOMENT) == "2026-11-23T21:04:05.678901Z"


def test_the_machine_s_clock_is_aware_and_goes_on():
    clock = SystemClock()
    before, began = clock.now(), clock.monotonic()
    clock.sleep(0.01)
    assert before.tzinfo is UTC
    assert clock.now() > before
    assert clock.monotonic() - began >= 0.01
