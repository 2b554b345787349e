# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden files: what the product renders, committed, so that a change of it is a readable diff."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

# The same examples in every run, and none too slow on a busy machine: a failure is a change of ours, never luck.
# `pytest --hypothesis-profile=default` searches further.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
# What is marked slow may search as long as a release is worth.
settings.register_profile(
    "thorough", derandomize=True, deadline=None, database=None, max_examples=2_000, stateful_step_count=50
)
settings.load_profile("repeatable")

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, Any], None]


class _BlockText(yaml.SafeDumper):
    """Writes text of several lines as a block, so that a script or a log stays readable."""

    def ignore_aliases(self, data: Any) -> bool:
        """The same labels twice are written twice: an anchor would hide a change of one of them."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_BlockText.add_representer(str, _text)


def as_yaml(value: Any) -> str:
    """A tree of mappings, lists and scalars as YAML; a tuple or list of objects becomes one document each."""
    documents = list(value) if isinstance(value, list | tuple) else [value]
    return "".join(
        "---\n" + yaml.dump(document, Dumper=_BlockText, sort_keys=True, allow_unicode=True, width=4096)
        for document in documents
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-golden``."""
    parser.addoption("--update-golden", action="store_true", help="write the expected outputs in tests/golden anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden("guardrails/app.yaml", rendered)`` compares with the committed file, or writes it on request.

    ``rendered`` is text, or a tree that is written as YAML with sorted keys.
    """
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, rendered: Any) -> None:
        path = GOLDEN / name
        actual = rendered if isinstance(rendered, str) else as_yaml(rendered)
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, encoding="utf-8")
            return
        if not path.exists():
            pytest.fail(f"tests/golden/{name} does not exist; write it with pytest --update-golden", pytrace=False)
        expected = path.read_text(encoding="utf-8")
        if actual != expected:
            lines = difflib.unified_diff(
                expected.splitlines(), actual.splitlines(), f"tests/golden/{name}", "rendered now", lineterm=""
            )
            hint = "if this change is meant, run pytest --update-golden and read the diff"
            pytest.fail("\n".join([*lines, hint]), pytrace=False)

    return compare
