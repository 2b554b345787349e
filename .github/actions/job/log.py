# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job's log, in which a line can be a command to GitHub's runner.

The runner obeys `::name::` at the beginning of any line and `##[name]` anywhere in it. What an application logs is
written by strangers, so commands are stopped from the first line on and resumed only around our own.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from typing import TextIO

HIDDEN = "***"
# Shorter values would blacken half of every log; nobody's secret is that short.
_SHORTEST_SECRET = 6
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class JobLog:
    """Writes lines to a job's log; close it, so that what comes after in the same step is heard again.

    :param token: makes the word that resumes commands; strangers must not guess it.
    """

    def __init__(self, stream: TextIO, token: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        self._stream = stream
        self._token = token
        self._resumes = ""
        self._secrets: tuple[str, ...] = ()
        self._in_group = False
        self._stop()

    def line(self, text: str) -> None:
        """Write text of anybody, one line or several, without the secrets and what moves a terminal's cursor."""
        for each in self.redacted(_UNPRINTABLE.sub("", text)).splitlines() or [""]:
            self._write(each)
        self._stream.flush()

    def mask(self, values: Iterable[str]) -> None:
        """Hide values from here on: in this log by ourselves and, in all that the job prints, by the runner."""
        parts = {part for value in values for part in (value, *value.splitlines())}
        known = sorted((part for part in parts if len(part) >= _SHORTEST_SECRET), key=lambda part: (-len(part), part))
        for value in known:
            self._command("add-mask", value)
        self._secrets = (*self._secrets, *known)

    def redacted(self, text: str) -> str:
        """The text without the secrets, for what the runner does not mask: outputs and the summary."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def group(self, title: str) -> None:
        """Begin a group, which the log shows folded; the one before it ends."""
        self.end_group()
        self._command("group", self.redacted(title))
        self._in_group = True

    def end_group(self) -> None:
        """End the group, where one is open."""
        if self._in_group:
            self._command("endgroup", "")
            self._in_group = False

    def error(self, title: str, message: str) -> None:
        """Write an error that GitHub also shows beside the changes of the pull request."""
        self._command("error", self.redacted(message), title=self.redacted(title))

    def close(self) -> None:
        """End the group and let commands be heard again."""
        self.end_group()
        self._resume()

    def _command(self, name: str, value: str, **properties: str) -> None:
        named = ",".join(f"{key}={_escaped(each, ':,')}" for key, each in properties.items())
        self._resume()
        self._write(f"::{name}{' ' if named else ''}{named}::{_escaped(value)}")
        self._stop()

    def _stop(self) -> None:
        # A new word each time: the last one stands in the log for everybody to read.
        self._resumes = self._token()
        self._write(f"::stop-commands::{self._resumes}")

    def _resume(self) -> None:
        self._write(f"::{self._resumes}::")
        self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")


def _escaped(text: str, more: str = "") -> str:
    """Text as a value of a command: a line end in it would begin another command."""
    return "".join(f"%{ord(each):02X}" if each in f"%\r\n{more}" else each for each in text)
