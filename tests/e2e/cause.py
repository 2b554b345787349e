# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A common cause of failure: how to bring it about, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from .conftest import REGISTRY
from .strangers import Situation

IMAGE = f"{REGISTRY}/demo:pr-1"
NOWHERE = 1
"""A port of loopback that nobody listens on."""

Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One cause of failure.

    :param reason, object, phase, exit_code, message, hint, log: what the diagnosis must say; object is an expression
        for the whole, of the other texts a part is given. An empty log makes no claim.
    :param config: changes of the configuration.
    :param settings: variables of the run.
    :param around: what has to be so before the run, and is undone after it; most need nothing.
    :param timeout: seconds for which a phase may wait.
    :param mended: changes of the configuration with which the next run must be ready, from there.
    """

    reason: str
    message: str
    hint: str
    object: str = r"Pod/app-[a-z0-9]+-[a-z0-9]+"
    phase: str = "app"
    exit_code: int | None = None
    log: str = ""
    config: Settings = field(default_factory=dict)
    settings: Callable[[Situation], Settings] = lambda _: {}
    around: Callable[[Situation], AbstractContextManager[Any]] = lambda _: nullcontext()
    timeout: int = 30
    mended: Settings | None = None
    quick: bool = False


def runs(program: str, **more: Any) -> dict[str, Any]:
    """A configuration whose application is this Python program."""
    return {"app": {"port": 8080, "healthPath": "/health", "command": ["python3", "-uc", program], **more}}


def answers(public: str, others: str = "self.send_response(200)") -> dict[str, Any]:
    """One whose application answers under its public name otherwise than under its pod's address."""
    return runs(
        "import http.server\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        if 'preview' in self.headers['Host']:\n"
        f"            {public}\n"
        f"        else: {others}\n"
        "        self.end_headers()\n"
        "http.server.ThreadingHTTPServer(('', 8080), Handler).serve_forever()\n"
    )
