# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of the sandbox: built once for the same inputs, named by the version that is inside."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SANDBOX = ROOT / "roles" / "sandbox"
RECIPES = SANDBOX / "files" / "images"
IMAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "versions.yml").read_text(encoding="utf-8"))["images"]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program that builds images, on a copy of the recipes."""
    copy = tmp_path / "images"
    shutil.copytree(RECIPES, copy)
    loader = importlib.machinery.SourceFileLoader("build_images", str(copy / "build-images"))
    spec = importlib.util.spec_from_loader("build_images", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "build_images", module)  # dataclasses look their module up there
    loader.exec_module(module)
    return module


@pytest.fixture
def plan(tmp_path: Path) -> dict[str, Any]:
    """A plan for all images, with tools that are built."""
    tools = {}
    for name, entry in IMAGES.items():
        if tool := entry.get("tool"):
            directory = tmp_path / f"{tool}-0001"
            directory.mkdir()
            (directory / name).touch()
            tools[tool] = {"directory": str(directory)}
    return {"registry": "127.0.0.1:1", "cache": str(tmp_path), "suite": "bookworm", "tools": tools, "images": IMAGES}


class Shelf:
    """A registry of tags to digests that counts what is asked of it."""

    def __init__(self) -> None:
        self.tags: dict[tuple[str, str], str] = {}
        self.address = "shelf"

    def request(self, repository: str, tag: str, *, method: str, body: bytes | None = None) -> tuple[str, bytes] | None:
        if method == "PUT":
            self.tags[repository, tag] = (body or b"").decode()
        digest = self.tags.get((repository, tag))
        return None if digest is None else (digest, digest.encode())


def inputs(program: ModuleType, plan: dict[str, Any]) -> dict[str, str]:
    """Hash of each image's inputs."""
    return {image.name: image.inputs() for image in program.read_plan(plan)[2]}


@pytest.mark.parametrize("name", [name for name, entry in IMAGES.items() if "tool" in entry])
def test_a_tag_is_the_version_that_the_tool_is_built_from(name: str) -> None:
    module = (SANDBOX / "files/tools" / IMAGES[name]["tool"] / "go.mod").read_text(encoding="utf-8")
    versions = {version.removeprefix("v") for version in re.findall(r" (v[0-9]\S+)", module)}
    assert IMAGES[name]["tag"].removeprefix("v") in versions


def test_every_recipe_is_built_and_every_image_has_a_recipe() -> None:
    assert {path.name for path in RECIPES.iterdir() if path.is_dir()} == set(IMAGES)


def test_a_changed_recipe_changes_its_own_image_only(program: ModuleType, plan: dict[str, Any]) -> None:
    before = inputs(program, plan)
    with (program.RECIPES / "traefik" / "Containerfile").open("a") as recipe:
        recipe.write("LABEL changed=yes\n")
    after = inputs(program, plan)
    assert {name for name in before if before[name] != after[name]} == {"traefik"}


def test_a_newly_built_tool_changes_its_image(program: ModuleType, plan: dict[str, Any], tmp_path: Path) -> None:
    before = inputs(program, plan)
    plan["tools"]["coredns"]["directory"] = shutil.copytree(tmp_path / "coredns-0001", tmp_path / "coredns-0002")
    after = inputs(program, plan)
    assert {name for name in before if before[name] != after[name]} == {"coredns"}


def test_a_tool_that_is_not_built_is_named(program: ModuleType, plan: dict[str, Any]) -> None:
    plan["tools"]["traefik"]["directory"] = "/nowhere"
    with pytest.raises(program.BuildError, match=r"image traefik: /nowhere/traefik is missing; build the tool traefik"):
        program.read_plan(plan)


def test_a_silent_registry_is_one_line(
    program: ModuleType, plan: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program.json, "load", lambda _: plan)
    assert program.main() == 1
    assert re.fullmatch(r"registry 127\.0\.0\.1:1 does not answer \(.*\); run make sandbox\n", capsys.readouterr().err)


def test_an_image_of_the_same_inputs_is_not_built_again_but_tagged(
    program: ModuleType, plan: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    shelf = program.Registry(address="shelf")
    store = Shelf()
    monkeypatch.setattr(program.Registry, "request", lambda _, *args, **named: store.request(*args, **named))

    def build(image: Any, registry: Any, cache: Path, key: str) -> None:
        built.append(image.name)
        store.tags[image.repository, key] = f"digest of {key}"

    monkeypatch.setattr(program, "build", build)
    image = next(image for image in program.read_plan(plan)[2] if image.name == "postgresql")
    assert program.ensure(image, shelf, Path("/cache")) is True
    assert program.ensure(image, shelf, Path("/cache")) is False
    store.tags[image.repository, image.tag] = "digest of another checkout's image"
    assert program.ensure(image, shelf, Path("/cache")) is True
    assert store.tags[image.repository, image.tag] == f"digest of {image.inputs()}"
    assert built == ["postgresql"]


def test_a_failed_step_is_one_line_with_its_last_output(program: ModuleType, plan: dict[str, Any]) -> None:
    image = program.read_plan(plan)[2][0]
    with pytest.raises(program.BuildError, match=rf"image {image.name}: sh ended with 3: one \| two"):
        program.run(image, ["sh", "-c", "echo one; echo two; exit 3"], {"PATH": "/usr/bin:/bin"})


def test_the_plan_is_what_the_role_hands_over(plan: dict[str, Any]) -> None:
    tasks = yaml.safe_load((SANDBOX / "tasks/images.yml").read_text(encoding="utf-8"))
    assert set(tasks[0]["vars"]["__sandbox_image_plan"]) == set(plan)
