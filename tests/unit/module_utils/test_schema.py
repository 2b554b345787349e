# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON schema says what the parser does, as far as a schema can, and the committed file is the generated one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError
from ansible_collections.ephemeral.k8s.plugins.module_utils.schema import schema

from ...conftest import GOLDEN
from ..documents import mutated, valid

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "k8s-ee.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(schema())

SHAPES = sorted((GOLDEN / "config" / "valid").glob("*.input"))

# What depends on other fields, on the namespace's limits, or on arithmetic is beyond a schema.
BEYOND = (
    "is reserved",
    "is in env too",
    "must not be above limits",
    "(LimitRange)",
    "must be at least",
    "is another name of s3",
    "has no effect without port",
    "; keep one",
    "is empty; write one of",
    "always writable",
    "kernel's directories",
    "stands there twice",
    "is blank",
)


def test_it_is_a_schema_of_2020() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_committed_file_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", (
        "docs/reference/k8s-ee.schema.json is behind plugins/module_utils; run: make docs"
    )


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.name)
def test_every_valid_shape_passes_as_written_and_as_normalised(path: Path) -> None:
    raw = path.read_bytes()
    VALIDATOR.validate(yaml.safe_load(raw))
    VALIDATOR.validate(Config.load(raw).normalised())


def test_every_key_says_what_it_is_for() -> None:
    def keys(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [key for item in node for key in keys(item)]
        if not isinstance(node, dict):
            return []
        named = [*node["properties"].values()] if isinstance(node.get("properties"), dict) else []
        return named + [key for item in node.values() for key in keys(item)]

    found = [key for key in keys(schema()) if key.get("type") or key.get("anyOf")]
    undescribed = [key for key in found if "description" not in key and "traefik" not in str(key) and "enum" not in key]
    assert len(found) > 60
    assert [key for key in undescribed if "pattern" not in key] == []


@settings(max_examples=60, deadline=None)
@given(valid())
def test_what_the_parser_takes_the_schema_takes(tree: dict[str, Any]) -> None:
    Config.parse(tree)
    assert [error.message for error in VALIDATOR.iter_errors(tree)] == []


def faults_of(tree: Any) -> list[str]:
    try:
        Config.parse(tree)
    except ConfigError as refused:
        return [str(fault) for fault in refused.faults]
    return []


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_both_refuse_the_same_but_for_what_a_schema_cannot_say(tree: Any) -> None:
    complaints = [error.message for error in VALIDATOR.iter_errors(tree)]
    faults = faults_of(tree)
    if not faults:
        assert complaints == []
    elif not complaints:
        assert [fault for fault in faults if not any(words in fault for words in BEYOND)] == []
