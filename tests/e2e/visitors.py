# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""People who visit the demo application while things go wrong below it."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import urllib3

from .demo import URL, ask


def await_entries(number: int, *, seconds: float) -> float:
    """How many seconds it took until the entries could be read; the database answers then, too."""
    began, last = time.monotonic(), ""
    while (took := time.monotonic() - began) < seconds:
        try:
            answer = ask(f"{URL.format(number)}/api/entries")
        except urllib3.exceptions.HTTPError as error:
            last = str(error)
        else:
            if answer.status == 200:
                return took
            last = f"{answer.status} {answer.data.decode(errors='replace')}"
        time.sleep(0.1)
    raise AssertionError(f"{URL.format(number)} does not answer after {seconds:g} s: {last}")


class Visitor:
    """Somebody who writes one long entry after the other and looks each time whether the last ones are shown.

    :ivar acknowledged: what the application has promised to keep.
    :ivar refused: each answer that promised nothing.
    :ivar missed: what an answer did not show although it was promised before.
    """

    def __init__(self, number: int) -> None:
        self._entries = f"{URL.format(number)}/api/entries"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.missed: list[str] = []

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _visit(self) -> None:
        count = 0
        while not self._ended.wait(0.02):
            count += 1
            try:
                self._write(f"entry {count} {'x' * 900}")
                self._read()
            except urllib3.exceptions.HTTPError as error:
                self.refused.append(str(error))

    def _write(self, text: str) -> None:
        answer = ask(self._entries, method="POST", body={"author": "ada", "text": text})
        if answer.status == 201:
            self.acknowledged.append(text)
        else:
            self.refused.append(f"{answer.status} {answer.data.decode(errors='replace')}")

    def _read(self) -> None:
        answer = ask(self._entries)
        if answer.status == 200:
            shown = {entry["text"] for entry in answer.json()["entries"]}
            self.missed += [text for text in self.acknowledged[-50:] if text not in shown]
