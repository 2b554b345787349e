# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files through which a step reports: outputs for the next steps, and the summary that people read."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from pathlib import Path

SUMMARY_BYTES = 200_000
"""GitHub refuses a summary above 1 MiB whole."""


def write_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Append outputs; a value may hold anything, since nobody can guess the line that ends it."""
    with path.open("a", encoding="utf-8", errors="replace") as file:
        for name, value in values.items():
            end = f"end-{secrets.token_hex(16)}"
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def write_summary(path: Path, text: str) -> None:
    """Append to the summary what of it fits."""
    cut = text.encode(errors="replace")[:SUMMARY_BYTES].decode(errors="ignore")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{cut}\n")


def as_code(value: object) -> str:
    """A value of one line that shows letter by letter: no Markdown, no HTML, no link, no mention."""
    visible = (each if each.isprintable() else " " for each in str(value))
    inert = "".join(each if each.isalnum() or each in " -" else f"&#{ord(each)};" for each in visible)
    return f"<code>{inert}</code>"


def as_block(text: str) -> str:
    """Several lines in which nothing is read as Markdown or HTML."""
    return f"<pre>{html.escape(text)}</pre>"
