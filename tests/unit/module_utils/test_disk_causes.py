# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full disk, in the words of those that write to it."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import recognise
from ansible_collections.ephemeral.k8s.plugins.module_utils.suspects import Suspect
from ansible_collections.ephemeral.k8s.tests.unit.situations import Manifest, container, crashed, pod

VOLUME = {"name": "data", "persistentVolumeClaim": {"claimName": "data-postgresql-0"}}
POSTGRESQL = 'FATAL:  could not create lock file "postmaster.pid": No space left on device'


def ended(log: str, *, exit_code: int = 1, volumes: tuple[Manifest, ...] = (VOLUME,)) -> Suspect:
    found = pod("postgresql-0", component="database", containers=(container(name="postgresql"),))
    found["spec"]["volumes"] = list(volumes)
    status = crashed(exit_code, name="postgresql")
    return Suspect(object=found, container=found["spec"]["containers"][0], status=status, log=log)


@pytest.mark.parametrize(
    "log",
    [
        POSTGRESQL,
        'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device',
        "Error: ENOSPC: no space left on device, write",
        "mkdir: can't create directory '/data/x': No space left on device",
    ],
)
def test_the_volume_is_named_before_the_crash(log: str) -> None:
    recognised = recognise(ended(log))
    assert recognised is not None
    finding = recognised[1]
    assert finding.reason == "DiskFull"
    assert "volume data-postgresql-0" in finding.message
    assert "exit code 1" in finding.message
    assert "maintainer" in finding.hint


def test_without_a_volume_the_repository_is_to_write_less() -> None:
    recognised = recognise(ended(POSTGRESQL, volumes=({"name": "tmp", "emptyDir": {}},)))
    assert recognised is not None
    assert (recognised[1].reason, "app.writableDirs" in recognised[1].hint) == ("DiskFull", True)


@pytest.mark.parametrize(("log", "exit_code"), [("FATAL: some other thing", 1), (POSTGRESQL, 0)])
def test_another_end_is_no_full_disk(log: str, exit_code: int) -> None:
    recognised = recognise(ended(log, exit_code=exit_code))
    assert recognised is None or recognised[1].reason != "DiskFull"
