# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a pull request puts into `k8s-ee.yaml`, it is read or refused: soon, in words, and in one line a fault."""

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError

from ..mutations import document

SECONDS = 0.05


def reading(raw: bytes) -> tuple[Config | None, str]:
    """What module `config` does with a file: the configuration, or none, and what is wrong with how it was refused."""
    try:
        config = Config.load(raw)
        json.dumps(config.normalised(), allow_nan=False)
        config.unsupported()
    except ConfigError as refused:
        told = [str(fault) for fault in refused.faults]
        unfit = [line for line in told if not line.isprintable() or len(line) > 1200]
        return None, "refused without a reason" if not told else f"not one readable line: {unfit}" if unfit else ""
    except Exception as error:  # noqa: BLE001 - that there is none is what is tested
        return None, f"{type(error).__name__}: {error}"[:300]
    return config, "" if Config.parse(config.normalised()) == config else "its normalised form says something else"


def seconds(raw: bytes) -> float:
    """Of processor time, so that a busy machine does not count."""
    started = time.process_time()
    reading(raw)
    return time.process_time() - started


@pytest.mark.parametrize("count", [1_500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_random_and_damaged_documents_are_read_or_refused_within_50_ms_each(count: int) -> None:
    wrong: list[str] = []
    accepted = refused = 0
    for number in range(count):
        raw = document(number)
        started = time.process_time()
        config, fault = reading(raw)
        spent = time.process_time() - started
        if spent >= SECONDS and (best := min(seconds(raw) for _ in range(3))) >= SECONDS:
            fault = f"{fault} took {best * 1000:.0f} ms".lstrip()
        if fault:
            wrong.append(f"document({number}), {len(raw)} bytes, {raw[:60]!r}: {fault}")
        accepted, refused = accepted + (config is not None), refused + (config is None)
    assert not wrong, "\n".join(wrong[:20])
    # A sieve that lets nothing through, or all, would find nothing.
    assert accepted > count / 100
    assert refused > count / 2
