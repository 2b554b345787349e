# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m board``: serve until SIGTERM. Exit codes: 0 stopped, 2 wrong settings, 3 told to crash."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from types import FrameType

from .answers import Board
from .entries import Memory, Store, UnavailableError
from .metrics import Metrics
from .server import Server
from .settings import Settings

# Proxies go on sending for a moment after a pod was told to stop.
_DRAIN_SECONDS = 1.0


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def log(message: str, *, level: str = "info", **details: object) -> None:
    """Write one line of JSON to standard output."""
    line = {"time": now().isoformat(timespec="milliseconds"), "level": level, "message": message, **details}
    print(json.dumps(line, ensure_ascii=False), flush=True)


def wait_for(store: Store) -> None:
    """Tell when the database first answers, and each new reason why it does not."""
    last, pause = "", 0.1
    while True:
        try:
            log("ready", database=store.describe())
        except UnavailableError as error:
            if str(error) != last:
                log("waiting for the database", level="warning", reason=str(error))
            last = str(error)
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)
        else:
            return


def main() -> int:
    """Start, serve, stop."""
    try:
        settings = Settings.read(os.environ)
    except ValueError as error:
        log(str(error), level="error")
        return 2
    if settings.fail == "crash":
        log("crashing on purpose: DEMO_FAIL is crash", level="error")
        return 3
    store: Store = Memory(now)
    if settings.database:
        from .database import PostgreSQL  # the driver is not needed without a database

        store = PostgreSQL()
    metrics = Metrics()
    board = Board(settings=settings, store=store, metrics=metrics, now=now)
    server = Server(port=settings.port, board=board, metrics=metrics, log=log)

    def stop(number: int, frame: FrameType | None) -> None:
        log("stopping", signal=signal.Signals(number).name)
        threading.Timer(_DRAIN_SECONDS, server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log("listening", port=settings.port, version=settings.version, commit=settings.commit)
    threading.Thread(target=wait_for, args=(store,), daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    log("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
