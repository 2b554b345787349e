# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cause of an application that does not find a host by its name: what its log says of it."""

from __future__ import annotations

import re

from .findings import MAINTAINER, Finding, what
from .suspects import Suspect

# The words of libpq, Node, Go, Java and urllib3, which name the host; a log in JSON writes \" for ".
_NAMED = re.compile(
    r"could not translate host name \\?[\"'](?P<libpq>[\w.-]+)"
    r"|getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<node>[\w.-]+)"
    r"|\blookup (?P<go>[\w.-]+)(?: on \S+)?: "
    r"|UnknownHostException: (?P<java>[\w.-]+)"
    r"|Failed to resolve \\?[\"'](?P<urllib3>[\w.-]+)"
)
_UNKNOWN = re.compile(
    r"Name or service not known|nodename nor servname|ENOTFOUND|no such host|UnknownHostException|No address associated"
)
# No answer at all, in place of one that there is no such name.
_SILENT = re.compile(r"Temporary failure in name resolution|EAI_AGAIN|server misbehaving|lookup \S+.*i/o timeout")


def unresolved(suspect: Suspect) -> Finding | None:
    """It runs in vain, or has ended, and its log says last that a name was not found."""
    if not suspect.container or suspect.is_database or suspect.status.get("ready"):
        return None
    lines = [line for line in suspect.log.splitlines() if _UNKNOWN.search(line) or _SILENT.search(line)]
    if not lines:
        return None
    line = lines[-1]
    found = _NAMED.search(line)
    name = next((text for text in found.groups() if text), "") if found else ""
    host = f"host {name}" if name else "a host"
    if _SILENT.search(line):
        says, hint = f"{host} could not be looked up: the cluster's name service does not answer", MAINTAINER
    else:
        says = f"{host} is not known"
        hint = f"correct {name or 'the name'} where the application takes it from; a database's is in its variables"
    return Finding(reason="NameNotResolved", message=f"{what(suspect)} says in its log that {says}", hint=hint)
