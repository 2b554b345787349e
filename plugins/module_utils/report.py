# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A result in words, for whoever reads a terminal or a job log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Nothing of it has happened yet.
_INTENTIONS = {"created": "to create", "changed": "to change", "deleted": "to delete", "unchanged": "unchanged"}


def lines(preview: Mapping[str, Any]) -> list[str]:
    """What happened, how long each phase took and, where it failed, why and what to do.

    :param preview: the result in the shape of the contracts.
    """
    told = [f"{preview['namespace'] or 'environment'}: {preview['status']}"]
    if preview["status"] == "superseded":
        told.append("nothing was deployed: a newer event of this pull request (pr_sequence) came first")
        told.append(
            "without pr_sequence an event's place is the time of day on the machine that calls: check its clock"
        )
    if preview["url"]:
        told.append(preview["url"])
    if preview["phases"]:
        total = sum(phase["seconds"] for phase in preview["phases"])
        each = ", ".join(f"{phase['name']} {phase['seconds']:.1f}" for phase in preview["phases"])
        told.append(f"{total:.1f} s: {each}")
    if preview["diagnosis"]:
        told += _why(preview["diagnosis"])
    return told


def plan_lines(planned: Mapping[str, Any]) -> list[str]:
    """What a run would create or change, and what the whole may use.

    :param planned: what module `environment` returns in check mode.
    """
    by_action: dict[str, list[str]] = {}
    for each in planned.get("objects", ()):
        by_action.setdefault(each["action"], []).append(each["object"])
    told = [f"{_INTENTIONS[action]}: {', '.join(named)}" for action, named in by_action.items()]
    if told and (url := (planned.get("preview") or {}).get("url")):
        told.append(f"url: {url}")
    quota = planned.get("quota") or {}
    if quota:
        told += [
            f"cpu: {quota['requests.cpu']} requested, {quota['limits.cpu']} at most",
            f"memory: {quota['requests.memory']} requested, {quota['limits.memory']} at most",
            f"storage: {quota['requests.storage']}",
        ]
    return told


def _why(diagnosis: Mapping[str, Any]) -> list[str]:
    place = " of ".join(part for part in (f"phase {diagnosis['phase']}", diagnosis["object"]) if part)
    code = f", exit code {diagnosis['exit_code']}" if diagnosis["exit_code"] is not None else ""
    told = [f"why: {diagnosis['reason']}{code} in {place}", *str(diagnosis["message"]).splitlines()]
    if diagnosis["log"]:
        told += ["last log lines:", *(f"  {line}" for line in str(diagnosis["log"]).splitlines())]
    if diagnosis["hint"]:
        told.append(f"next: {diagnosis['hint']}")
    return told
