# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes on the disk below a volume."""

from __future__ import annotations

import re

from .findings import MAINTAINER, Finding, what
from .suspects import Suspect

_NO_SPACE = re.compile(r"(?i:no space left on device|ENOSPC)")


def full(suspect: Suspect) -> Finding | None:
    """It ended, and its log says that there is no room on the disk."""
    if not suspect.terminated or suspect.exit_code == 0 or not _NO_SPACE.search(suspect.log):
        return None
    claims = [
        each["persistentVolumeClaim"]["claimName"]
        for each in suspect.object["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in each
    ]
    if not claims:
        return Finding(
            reason="DiskFull",
            message=f"{what(suspect)} ended with exit code {suspect.exit_code}: no space is left where it writes",
            hint="write less to /tmp and app.writableDirs; when the whole node is short, " + MAINTAINER,
        )
    # A local volume is a folder: its size is no limit, and its neighbours fill the same disk.
    return Finding(
        reason="DiskFull",
        message=f"{what(suspect)} ended with exit code {suspect.exit_code}: no space is left on the disk of its volume "
        f"{', '.join(claims)}; what was stored before is kept",
        hint="close a pull request that you no longer need, then run the job again; when it ends the same way, "
        + MAINTAINER,
    )
