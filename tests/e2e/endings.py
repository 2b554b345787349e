# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run may end: the whole `preview` of the contracts at every end, and what then stands in the cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .api_faults import Where
from .apiserver import ApiServer
from .demo import URL, ask
from .faulty_proxy import FaultyProxy
from .runs import Run, Started, until

OPENING = ("plan", "record", "admit", "guardrails", "data", "app", "probe")
CLOSING = ("lease", "delete", "verify")
GRACE_SECONDS = 2
"""No fault path waits longer than its stated timeout and this."""

_PREVIEW = {"status", "url", "namespace", "changed", "phases", "diagnosis"}
_DIAGNOSIS = {"phase", "object", "reason", "exit_code", "message", "log", "hint"}


def ended(run: Run, status: str, number: int, *, way: tuple[str, ...] = OPENING) -> Mapping[str, Any]:
    """The preview of a run that ended so, after a look that nothing of it is missing."""
    preview = run.preview
    assert preview.get("status") == status, run.output
    assert set(preview) == _PREVIEW
    assert preview["namespace"] == f"demo-pr-{number}"
    assert isinstance(preview["changed"], bool)
    assert (run.code != 0) is (status in ("failed", "refused")), run.output
    assert "Traceback" not in run.output
    names = [phase["name"] for phase in preview["phases"]]
    assert all(set(phase) == {"name", "seconds"} and phase["seconds"] >= 0 for phase in preview["phases"])
    assert tuple(names) == way[: len(names)]
    if status in ("ready", "destroyed"):
        assert len(names) == len(way), "every phase was entered, and is timed"
        assert preview["url"] == (URL.format(number) if status == "ready" else None)
    if status in ("failed", "refused"):
        diagnosis = preview["diagnosis"]
        assert set(diagnosis) == _DIAGNOSIS
        assert names[-1:] == [diagnosis["phase"]], f"the phase that failed was entered, and is timed: {names}"
        assert all(diagnosis[part] for part in ("reason", "message", "hint")), diagnosis
        assert "\n" not in diagnosis["message"]
    else:
        assert preview["diagnosis"] is None
    return preview


def failed(run: Run, number: int, *, timeout: float, way: tuple[str, ...] = OPENING) -> Mapping[str, Any]:
    """The diagnosis of a run that failed, after a look that no phase took longer than its timeout and the grace."""
    preview = ended(run, "failed", number, way=way)
    late = [phase for phase in preview["phases"] if phase["seconds"] > timeout + GRACE_SECONDS]
    assert not late, f"{late} with a timeout of {timeout:g} s; {preview['diagnosis']}"
    return dict(preview["diagnosis"])


def comes_to(run: Started, proxy: FaultyProxy, where: Where, *, seconds: float = 90) -> None:
    """Wait until a run that goes through a proxy has made such a request: it is then in the middle of something."""

    def there() -> bool:
        assert not run.ended, run.output
        return proxy.has_met(where)

    until("the run has come so far", there, seconds=seconds)


def goes_on(run: Started, *, seconds: float) -> None:
    """Let some time pass in which a run must not end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert not run.ended, run.output
        time.sleep(0.05)


def serves(api: ApiServer, number: int) -> None:
    """The environment is there: it answers, its record says so, and nobody holds its Lease."""
    name = f"demo-pr-{number}"
    assert ask(f"{URL.format(number)}/health").status == 200
    status = api.record(name)["status"]
    assert (status["phase"], status.get("diagnosis")) == ("Ready", None)
    assert tuple(phase["name"] for phase in status["phases"]) == OPENING
    assert not api.lease(name)["spec"].get("holderIdentity")


def is_gone(api: ApiServer, number: int) -> None:
    """Nothing of the environment is left but its record, which says so."""
    name = f"demo-pr-{number}"
    assert api.get(f"/api/v1/namespaces/{name}") is None
    assert api.lease(name) == {}
    assert api.volumes(name) == []
    assert api.record(name)["status"]["phase"] == "Destroyed"
