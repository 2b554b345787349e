# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment of the demo application: what it keeps, how it is closed, what that leaves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .apiserver import ApiServer
from .demo import folders_of
from .runs import Run, play

# All runs of a session are one event, so that none supersedes another, and newer than what an earlier session left.
SEQUENCE = int(time.time())


def place(number: int) -> str:
    return f"demo-pr-{number}"


def closing(number: int) -> dict[str, Any]:
    """The variables of a run that closes it."""
    return {"pr": number, "pr_state": "absent", "pr_project": "demo", "pr_sequence": SEQUENCE}


def close(number: int) -> Run:
    return play("pr.yml", closing(number))


def passwords(api: ApiServer, number: int) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Each Secret's uid and values: one that was made anew differs even where it says the same."""
    found = api.get(f"/api/v1/namespaces/{place(number)}/secrets") or {"items": ()}
    return {item["metadata"]["name"]: (item["metadata"]["uid"], item["data"]) for item in found["items"]}


def left(api: ApiServer, number: int) -> list[str]:
    """Whatever a close should have removed; the record stays, as history."""
    namespaces = [place(number)] if api.get(f"/api/v1/namespaces/{place(number)}") else []
    leases = [f"Lease {place(number)}"] if api.lease(place(number)) else []
    volumes = [volume["metadata"]["name"] for volume in api.volumes(place(number))]
    return [*namespaces, *leases, *volumes, *(folder.name for folder in folders_of([number]))]
