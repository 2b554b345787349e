# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for a repository's maintainer: its workflows work as they stand there."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from .test_workflows import ENVIRONMENT, ROOT, WORKFLOWS, read

PAGE = (ROOT / "docs/onboarding.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CALLERS = {yaml.safe_load(block)["name"]: block for block in BLOCKS if block.startswith("name:")}


@pytest.mark.parametrize(("name", "lines"), [("Preview", 10), ("Preview commands", 10)])
def test_a_caller_has_ten_lines_at_most(name: str, lines: int) -> None:
    assert len(CALLERS[name].splitlines()) <= lines


@pytest.mark.parametrize(("name", "file"), [("Preview", "preview.yml"), ("Preview commands", "preview-commands.yml")])
def test_the_page_shows_what_this_project_uses_itself(name: str, file: str, tmp_path: Any) -> None:
    (tmp_path / "shown.yml").write_text(CALLERS[name])
    shown, ours = read(tmp_path / "shown.yml"), WORKFLOWS[file]
    assert shown["on"].keys() == ours["on"].keys()
    for event in set(shown["on"]) - {"workflow_dispatch"}:
        assert shown["on"][event] == ours["on"][event]
    assert shown["on"].get("workflow_dispatch", {}).get("inputs", {}).keys() == (
        (ours["on"].get("workflow_dispatch") or {}).get("inputs", {}).keys()
    )
    assert shown["permissions"] == ours["permissions"]
    called = shown["jobs"]["preview"]["uses"]
    assert re.fullmatch(r"\S+@[0-9a-f]{40}", called), "pinned by the whole commit"
    assert called.partition("@")[0] == ours["jobs"]["preview"]["uses"].partition("@")[0]


def test_the_page_lists_every_input_and_secret_and_no_other() -> None:
    call = WORKFLOWS["pr-environment-reusable.yml"]["on"]["workflow_call"]
    table = PAGE.partition("| input |")[2].partition("\n\n")[0]
    listed = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert listed == set(call["inputs"])
    secrets = PAGE.partition("Secrets, under")[2].partition("\n\n")[0]
    assert all(f"`{name}`" in secrets for name in call["secrets"])


def test_the_page_names_every_job_that_does_something() -> None:
    table = PAGE.partition("| job |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"^\| `([a-z]+)`", table, re.MULTILINE))
    assert listed == set(ENVIRONMENT) - {"halt"}


def test_commands_take_the_same_inputs_where_they_build() -> None:
    inputs = WORKFLOWS["pr-command-reusable.yml"]["on"]["workflow_call"]["inputs"]
    of_the_environment = WORKFLOWS["pr-environment-reusable.yml"]["on"]["workflow_call"]["inputs"]
    assert inputs.items() <= of_the_environment.items()
    passed_on = WORKFLOWS["pr-command-reusable.yml"]["jobs"]["command"]["with"]
    assert passed_on == {name: f"${{{{ inputs.{name} }}}}" for name in inputs}
