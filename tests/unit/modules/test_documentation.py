# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules say of themselves is what they do: options, attributes, examples and samples."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
COLLECTION = "ansible_collections.ephemeral.k8s.plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py") if path.stem != "__init__")
TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str, type(None)),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "dict": (dict, type(None)),
    "list": (list,),
}


class _CapturedError(Exception):
    """Carries what a module hands to AnsibleModule."""


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{COLLECTION}.modules.{request.param}")


@pytest.fixture
def captured(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The keywords that the module gives to AnsibleModule."""

    def capture(_: AnsibleModule, **keywords: Any) -> None:
        raise _CapturedError(keywords)

    monkeypatch.setattr(AnsibleModule, "__init__", capture)
    with pytest.raises(_CapturedError) as stopped:
        module.main()
    keywords: dict[str, Any] = stopped.value.args[0]
    return keywords


def documentation(module: ModuleType) -> dict[str, Any]:
    """A module's documentation with its fragments, as ansible-doc shows it."""
    own: dict[str, Any] = yaml.safe_load(module.DOCUMENTATION)
    for name in own["extends_documentation_fragment"]:
        fragment = importlib.import_module(f"{COLLECTION}.doc_fragments.{name.rpartition('.')[2]}")
        told = yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)
        own["options"] = {**told.get("options", {}), **own.get("options", {})}
        for attribute, meaning in told.get("attributes", {}).items():
            own["attributes"][attribute] = {**meaning, **own["attributes"].get(attribute, {})}
    return own


def spec_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The argument spec that documented options stand for."""
    return {
        name: {
            "type": option.get("type", "str"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "elements": option.get("elements"),
            "aliases": option.get("aliases", []),
            "options": spec_of(option.get("suboptions", {})),
        }
        for name, option in options.items()
    }


def complete(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The argument spec with everything that it leaves out, and without what documentation has no field for."""
    blank = {"type": "str", "required": False, "default": None, "choices": None, "elements": None, "aliases": []}
    return {
        name: {
            **blank,
            **{key: value for key, value in argument.items() if key not in ("fallback", "no_log")},
            "options": complete(argument.get("options", {})),
        }
        for name, argument in spec.items()
    }


def described(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Each option or return value with its path, nested ones too."""
    for name, option in options.items():
        yield f"{path}{name}", option
        yield from described({**option.get("suboptions", {}), **option.get("contains", {})}, f"{path}{name}.")


def test_arguments_are_as_documented(module: ModuleType, captured: dict[str, Any]) -> None:
    assert complete(captured["argument_spec"]) == spec_of(documentation(module)["options"])


def test_a_variable_that_stands_in_for_an_option_is_named(module: ModuleType, captured: dict[str, Any]) -> None:
    options = documentation(module)["options"]
    for name, argument in captured["argument_spec"].items():
        for variable in argument["fallback"][1] if "fallback" in argument else ():
            assert f"E({variable})" in str(options[name]["description"]), name


def test_check_mode_is_as_documented(module: ModuleType, captured: dict[str, Any]) -> None:
    attributes = documentation(module)["attributes"]
    assert captured["supports_check_mode"] is (attributes["check_mode"]["support"] == "full")
    for name in ("check_mode", "diff_mode", "idempotent"):
        assert attributes[name]["support"] in ("full", "partial", "none", "N/A")
        assert attributes[name]["description"]
        assert attributes[name]["support"] != "partial" or attributes[name].get("details")


def test_what_a_state_requires_is_an_option_and_says_so(module: ModuleType, captured: dict[str, Any]) -> None:
    options = documentation(module)["options"]
    for option, value, needed in captured.get("required_if", ()):
        for name in needed:
            assert f"Required with O({option}={value})" in str(options[name]["description"]), name


def test_it_is_named_and_everything_is_described(module: ModuleType) -> None:
    told = documentation(module)
    assert told["module"] == module.__name__.rpartition(".")[2]
    assert {"short_description", "description", "version_added", "author"} <= set(told)
    assert not told["short_description"].endswith(".")
    for path, thing in (*described(told["options"]), *described(yaml.safe_load(module.RETURN))):
        text = thing["description"]
        assert all(line.endswith(".") for line in ([text] if isinstance(text, str) else text)), path


def test_examples_use_what_there_is(module: ModuleType) -> None:
    told = documentation(module)
    tasks = yaml.safe_load(module.EXAMPLES)
    names = {f"ephemeral.k8s.{name}" for name in MODULES}
    used = [(name, task[name]) for task in tasks for name in names & set(task)]
    assert f"ephemeral.k8s.{told['module']}" in {name for name, _ in used}
    for name, parameters in used:
        options = documentation(importlib.import_module(f"{COLLECTION}.modules.{name.rpartition('.')[2]}"))["options"]
        assert set(parameters or {}) <= set(options)
        required = {option for option, about in options.items() if about.get("required")}
        assert required <= set(parameters or {})


def test_samples_are_of_their_type_and_name_what_is_contained(module: ModuleType) -> None:
    returned = yaml.safe_load(module.RETURN)
    assert returned
    for path, value in described(returned):
        assert value["type"] in TYPES, path
        if "sample" not in value:
            continue
        sample = value["sample"]
        assert isinstance(sample, TYPES[value["type"]]), path
        rows = sample if isinstance(sample, list) else [sample]
        if value.get("elements"):
            assert all(isinstance(row, TYPES[value["elements"]]) for row in rows), path
        if "contains" in value:
            assert all(set(row) == set(value["contains"]) for row in rows), path
    assert all("sample" in value and "returned" in value for value in returned.values())
