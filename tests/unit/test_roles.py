# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role says once what its variables are: its defaults and its argument specification agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "tasks" / "main.yml").exists())


def document(path: Path) -> dict[str, Any]:
    """A YAML file, empty where it is not there."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}


def options(role: Path) -> dict[str, Any]:
    """The options of the role's entry point."""
    return document(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options") or {}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_argument_specification(role: Path) -> None:
    specified = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert document(role / "defaults/main.yml") == specified


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_variables_carry_the_name_of_the_role(role: Path) -> None:
    shared = ("preview_",)  # the inventory's own, read by several roles
    assert not [name for name in options(role) if not name.startswith((f"{role.name}_", *shared))]
    assert not [name for name in document(role / "vars/main.yml") if not name.startswith(f"__{role.name}_")]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_variable_is_explained(role: Path) -> None:
    assert not [name for name, option in options(role).items() if not option.get("description")]
