# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's log and files, read as GitHub's runner reads them."""

from __future__ import annotations

import re
from pathlib import Path


def read_outputs(path: Path) -> dict[str, str]:
    """The outputs in the file of a step."""
    found, lines = {}, iter(path.read_text().split("\n"))
    for line in lines:
        if "<<" in line:
            name, _, end = line.partition("<<")
            value = []
            while (each := next(lines)) != end:
                value.append(each)
            found[name] = "\n".join(value)
        elif line:
            name, _, found[name] = line.partition("=")
    return found


def obeyed(printed: str) -> list[tuple[str, str]]:
    """The commands in a log that are carried out: name and value, in order."""
    found, stopped = [], ""
    for line in re.split(r"\r\n|\r|\n", printed):
        if stopped:
            if line.strip() == f"::{stopped}::":
                stopped = ""
            continue
        command = re.match(r"\s*::([a-z-]+)(?: [^:]*)?::(.*)", line) or re.search(r"##\[([a-z-]+)[^\]]*\](.*)", line)
        match command and command.groups():
            case ("stop-commands", word):
                stopped = word
            case (name, value):
                found.append((name, value))
    return found
