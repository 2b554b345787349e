# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on pull requests names the variables that their playbooks read, and no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\b(?:pr|preview)_[a-z_]+\b")


def names(path: str) -> set[str]:
    return set(VARIABLE.findall((ROOT / path).read_text()))


PLAYBOOKS = ("playbooks/pr.yml", "playbooks/comment.yml", "playbooks/tasks/report.yml")


def test_every_variable_of_the_playbooks_is_on_the_page_and_no_other() -> None:
    assert names("docs/pull-requests.md") == set().union(*map(names, PLAYBOOKS))


def test_the_sandbox_sets_no_variable_that_nobody_reads() -> None:
    inventory = names("inventories/sandbox/group_vars/all.yml")
    roles = set().union(*(names(str(path.relative_to(ROOT))) for path in ROOT.glob("roles/*/**/*.yml")))
    assert inventory <= set().union(*map(names, PLAYBOOKS)) | roles
