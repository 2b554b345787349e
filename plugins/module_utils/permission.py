# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody may do in a repository, by the word of GitHub's collaborator API."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Permission(IntEnum):
    """A role in a repository; a higher one may all that a lower one may."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> Permission:
        """From the answer to ``GET /repos/{owner}/{repo}/collaborators/{login}/permission``.

        ``permission`` knows four levels: it calls the role triage ``read``, and maintain ``write``. Those two are told
        apart by ``role_name``, which is otherwise not believed: an organisation may name a role of its own as it
        likes. Whatever is not understood permits nothing.
        """
        match answer.get("permission"), answer.get("role_name"):
            case "admin", _:
                return cls.ADMIN
            case "write", "maintain":
                return cls.MAINTAIN
            case "write", _:
                return cls.WRITE
            case "read", "triage":
                return cls.TRIAGE
            case "read", _:
                return cls.READ
            case _:
                return cls.NONE
