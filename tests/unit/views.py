# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments as their pull requests are told of them, one for each state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.record import Step
from ansible_collections.ephemeral.k8s.plugins.module_utils.view import Links, State, View

SHA = "0b5cbb7ae1a3c8a4b0fb9ffb2b0b0b3b3b1b1b1b"
NEWER = "9d3c1f2ae1a3c8a4b0fb9ffb2b0b0b3b3b1b1c2c"
URL = "https://shop-pr-7.preview.example.org"
LINKS = Links(
    grafana="https://grafana.example.org/d/preview?var-namespace=shop-pr-7",
    logs="https://grafana.example.org/explore?namespace=shop-pr-7",
    run="https://github.com/acme/shop/actions/runs/99",
)
STEPS = tuple(
    Step(name=name, seconds=seconds)
    for name, seconds in {
        "plan": 0.211,
        "record": 0.034,
        "admit": 0.006,
        "guardrails": 0.061,
        "data": 3.402,
        "app": 2.108,
        "probe": 0.152,
    }.items()
)
MEDIAN = {"plan": 0.2, "record": 0.03, "admit": 0.01, "guardrails": 0.06, "data": 3.1, "app": 4.2, "total": 7.4}
DIAGNOSIS: Mapping[str, Any] = {
    "phase": "app",
    "object": "Pod/app-7d9c-x",
    "reason": "MissingVariable",
    "exit_code": 1,
    "message": "container app ended with exit code 1: KeyError: 'STRIPE_URL'",
    "log": "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\nKeyError: 'STRIPE_URL'",
    "hint": "add STRIPE_URL to env or secrets in k8s-ee.yaml, or turn on the database that provides it",
}
REFUSAL: Mapping[str, Any] = {
    "phase": "plan",
    "object": "k8s-ee.yaml",
    "reason": "Refused",
    "exit_code": None,
    "message": "k8s-ee.yaml has 2 errors:\n- line 3: app.prot: unknown key; did you mean port?\n- line 6: env: no map",
    "log": "",
    "hint": "nothing was changed; correct what the message names and run again",
}
CANCELLED: Mapping[str, Any] = {
    "phase": "data",
    "object": "",
    "reason": "Cancelled",
    "exit_code": None,
    "message": "the run was asked to stop (SIGTERM)",
    "log": "",
    "hint": "what was applied stays; run again and it goes on from there",
}
HELD: Mapping[str, Any] = {
    "phase": "verify",
    "object": "",
    "reason": "DeletionUnfinished",
    "exit_code": None,
    "message": "shop-pr-7 is not gone after 180 s: PersistentVolume/pvc-1",
    "log": "",
    "hint": "what was applied stays; run again and it goes on from there",
}


def view(state: State, **more: Any) -> View:
    """The environment of pull request 7 of acme/shop in a state, with what is always known."""
    known: dict[str, Any] = {
        "repository": "acme/shop",
        "pr": 7,
        "environment": "shop-pr-7",
        "sequence": 1764000000,
        "commit": SHA,
        "branch": "feat/basket",
        "links": LINKS,
    }
    return View(state=state, **(known | more))


_LIVES = {"url": URL, "expires_at": "2026-11-26T20:00:00Z", "served_before": True}
_READY = view(State.READY, **_LIVES, phases=STEPS, median=MEDIAN)

VIEWS: Mapping[str, View] = {
    "queued": view(State.QUEUED, queue_place=2),
    "building": view(State.BUILDING),
    "building-again": view(State.BUILDING, **_LIVES),
    "deploying": view(State.DEPLOYING),
    "ready": _READY,
    "ready-first": replace(_READY, median={}, links=Links()),
    "ready-pinned": replace(_READY, pinned_until="2026-11-27T08:30:00Z", cost="US$ 0.12"),
    "ready-without-url": replace(_READY, url=""),
    "failed": view(State.FAILED, phases=STEPS[:6], diagnosis=DIAGNOSIS, median=MEDIAN),
    "failed-again": view(State.FAILED, **_LIVES, phases=STEPS[:6], diagnosis=DIAGNOSIS),
    "failed-probe": view(State.FAILED, **_LIVES, phases=STEPS, diagnosis={**DIAGNOSIS, "phase": "probe"}),
    "failed-closing": view(State.FAILED, phases=(Step(name="delete", seconds=180.2),), diagnosis=HELD),
    "refused": view(State.REFUSED, environment="", commit="", branch="", diagnosis=REFUSAL),
    "asleep": replace(_READY, state=State.ASLEEP),
    "asleep-after-a-failure": view(State.ASLEEP, **_LIVES, diagnosis=DIAGNOSIS),
    "expired": view(State.EXPIRED),
    "destroyed": view(State.DESTROYED, phases=(Step(name="lease", seconds=0.1), Step(name="verify", seconds=6.4))),
    "superseded": view(State.SUPERSEDED),
    "cancelled": view(State.CANCELLED, phases=STEPS[:4], diagnosis=CANCELLED),
}
