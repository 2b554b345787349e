# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities and durations: text to integers and back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import (
    cpu_millis,
    duration_seconds,
    format_bytes,
    format_cpu,
    format_duration,
    memory_bytes,
    storage_bytes,
)


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("50m", 50),
        ("0.5", 500),
        ("2", 2000),
        ("1.25", 1250),
        ("0", 0),
        ("100000000n", 100),
        ("1u", 1),
        ("1k", 1_000_000),
    ],
)
def test_cpu_is_millicores_rounded_up(text: str, millis: int) -> None:
    assert cpu_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("128Mi", 128 * 1024**2),
        ("1Gi", 1024**3),
        ("1.5Gi", 1536 * 1024**2),
        ("16384Ki", 16 * 1024**2),
        ("1k", 1000),
        ("2M", 2 * 10**6),
        ("1e3", 1000),
        ("12E2", 1200),
        ("1E", 10**18),
        ("128974848000m", 128974848),
        ("1500m", 2),
        ("95551679124", 95551679124),
    ],
)
def test_bytes_are_read_as_kubernetes_writes_them(text: str, count: int) -> None:
    assert memory_bytes(text) == count
    assert storage_bytes(text) == count


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("45m", 2700), ("1h", 3600), ("3d", 259200), ("1h30m", 5400), ("1d2h3m4s", 93784), ("0s", 0)],
)
def test_durations_are_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "1 Gi", "1gi", "-1", "1Gi\n", "Gi", "1.", ".5", "0x10", "1e", "1e999", "١٢", "9" * 40, "1GiB"]
)
@pytest.mark.parametrize(("read", "example"), [(cpu_millis, "250m"), (memory_bytes, "128Mi"), (storage_bytes, "1Gi")])
def test_what_is_no_quantity_is_refused_with_an_example(read: Callable[[str], int], example: str, text: str) -> None:
    with pytest.raises(PreviewError, match="is not a quantity; write one such as") as refused:
        read(text)
    assert str(refused.value).endswith(example)


@pytest.mark.parametrize("text", ["", "3", "3 d", "d", "3D", "3d\n", "1w", "-1h", "1.5h", "٣d"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(PreviewError, match="is not a duration; write one such as 30s, 45m, 1h30m or 3d"):
        duration_seconds(text)


@pytest.mark.parametrize(("millis", "text"), [(0, "0"), (50, "50m"), (1000, "1"), (2500, "2500m")])
def test_cpu_is_written_in_whole_cpus_where_exact(millis: int, text: str) -> None:
    assert format_cpu(millis) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (1000, "1000"), (1024, "1Ki"), (1536 * 1024**2, "1536Mi"), (1024**3, "1Gi")]
)
def test_bytes_are_written_in_the_largest_exact_unit(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m"), (5400, "90m"), (86400, "1d"), (90000, "25h")]
)
def test_durations_are_written_in_the_largest_exact_unit(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**12))
def test_whatever_is_written_is_read_back(amount: int) -> None:
    assert cpu_millis(format_cpu(amount)) == amount
    assert memory_bytes(format_bytes(amount)) == amount
    assert duration_seconds(format_duration(amount % 10**9)) == amount % 10**9
