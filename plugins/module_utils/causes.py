# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All known causes of a failed phase, the most specific first; a new one is a function and a line here."""

from __future__ import annotations

from . import crash_causes, disk_causes, image_causes, log_causes, name_causes, placement_causes, probe_causes
from .findings import Cause, Finding
from .suspects import Suspect

CAUSES: tuple[Cause, ...] = (
    # No pod, no node, no volume.
    placement_causes.evicted,
    placement_causes.claim,
    placement_causes.not_created,
    placement_causes.unschedulable,
    # No container.
    image_causes.invalid_name,
    image_causes.pull,
    image_causes.missing_setting,
    image_causes.root_user,
    image_causes.config_error,
    placement_causes.mount,
    placement_causes.sandbox,
    # No process.
    crash_causes.architecture,
    crash_causes.command,
    # A process that ended: why it was ended, else what its log says, else its exit code.
    crash_causes.out_of_memory,
    name_causes.unresolved,
    disk_causes.full,
    probe_causes.killed_by_probe,
    probe_causes.answered_since_crash,
    crash_causes.command_of_shell,
    log_causes.missing_variable,
    log_causes.low_port,
    log_causes.port_in_use,
    log_causes.read_only,
    log_causes.permission,
    crash_causes.ended,
    crash_causes.crash,
    # A process that does not answer.
    probe_causes.probe,
)


def recognise(suspect: Suspect) -> tuple[int, Finding] | None:
    """The first cause that applies to a suspect, and its place in the table; None where none does."""
    for place, cause in enumerate(CAUSES):
        if finding := cause(suspect):
            return place, finding
    return None
