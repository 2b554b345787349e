# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the tree: which way imports go, how long a file may be, where a version may stand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from ansible_collections.ephemeral.k8s.tests.unit.architecture import (
    COLLECTION,
    circle,
    core_trespasses,
    held_adapters,
    layer_trespasses,
    neighbours,
)

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "plugins" / "module_utils"

MAX_LINES = 250
EVERYTHING = 10**6
# By pattern, the first that matches: the most lines, and why not 250.
LIMITS: Mapping[str, tuple[int, str]] = {
    "LICENSE": (EVERYTHING, "the licence's own text"),
    "*/go.sum": (EVERYTHING, "written by Go"),
    "*/go.mod": (EVERYTHING, "takes over the requirements of the program that it builds"),
    "requirements.txt": (EVERYTHING, "written by `make lock`"),
    "tests/contract/package-lock.json": (EVERYTHING, "written by npm"),
    "docs/reference/*": (EVERYTHING, "written by `make docs`"),
    "tests/golden/*": (EVERYTHING, "written by `pytest --update-golden`"),
    "roles/sandbox/tasks/tools.yml": (80, "a task for each tool, so that the play says which one it builds"),
    "roles/*/tasks/*.yml": (60, "a list of tasks is read from top to bottom: past 60 lines it has parts"),
    "roles/*/handlers/*.yml": (60, "the same"),
    ".github/workflows/*.yml": (400, "GitHub reads a workflow, all its jobs, from one file"),
    "tests/*.py": (400, "a table of cases is long and has one idea"),
    "*": (MAX_LINES, "a file does one thing"),
}
WITHOUT_TEST: Mapping[str, str] = {
    # file of the core: the reason why no test has its name
    "ports.py": "protocols only: there is nothing to run",
}
DOCUMENTATION = re.compile(r'^(?:DOCUMENTATION|EXAMPLES|RETURN) = r?""".*?"""\n', re.MULTILINE | re.DOTALL)
VAGUE_NAMES = {"utils", "helpers", "common", "manager", "misc", "tools"}


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows, or would know after the next commit, and that are there."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns)
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({ROOT / name for name in listed if (ROOT / name).is_file()})


def name_of(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


CORE_FILES = sorted(path for path in CORE.glob("*.py") if path.name != "__init__.py")
PYTHON_FILES = tracked("*.py")


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.name)
def test_a_file_of_the_core_sees_no_outside_world_but_its_own_adapter(path: Path) -> None:
    assert not core_trespasses(path.stem, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", tracked("plugins/*.py"), ids=name_of)
def test_a_plugin_imports_only_what_its_layer_may(path: Path) -> None:
    assert not layer_trespasses(path.parent.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def test_imports_of_the_core_go_one_way_and_hold_no_adapter() -> None:
    graph = neighbours({path.stem: path.read_text(encoding="utf-8") for path in CORE_FILES})
    assert not circle(graph)
    assert not held_adapters(graph)


def test_modules_reach_the_core_by_relative_imports() -> None:
    """Ansible ships to the target what a module imports so; the checkout's own name would find the controller's."""
    absolute = [name_of(p) for p in tracked("plugins/modules/*.py") if COLLECTION in p.read_text(encoding="utf-8")]
    assert not absolute


@pytest.mark.parametrize(
    "source",
    [
        "import kubernetes",
        "from kubernetes.client import ApiClient",
        "import ansible.module_utils.basic as basic",
        "from ansible_collections.kubernetes.core.plugins.module_utils import common",
        "def late():\n    from github import Github",
        "if TYPE_CHECKING:\n    import kubernetes",
        "import yaml",
        "import os",
        "from os import environ",
        "from pathlib import Path",
        "import urllib.request",
        "from urllib import request",
        "import time as t",
        "from time import sleep",
        "import importlib",
        "from ..modules import environment",
        "from ..modules.environment import main",
        "from ansible_collections.ephemeral.k8s.plugins.modules import environment",
        "open('/etc/passwd')",
        "__import__('kubernetes')",
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.datetime.now(d.UTC)",
        "from .clock import SystemClock",
        "from . import clock\nclock.SystemClock()",
        "from .liveness import SystemProcesses",
    ],
)
def test_the_rule_of_the_core_can_fail(source: str) -> None:
    assert core_trespasses("plan", source)


@pytest.mark.parametrize(
    "source",
    ["from .errors import RefusedError", "from collections.abc import Mapping\nimport re", "self.open('x')\nm.time()"],
)
def test_the_rule_of_the_core_lets_pass_what_is_pure(source: str) -> None:
    assert not core_trespasses("plan", source)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("plugins/module_utils", "from ..filter import plan"),
        ("plugins/modules", "import kubernetes"),
        ("plugins/modules", "from . import config"),
        ("plugins/modules", "from ansible_collections.ephemeral.k8s.plugins.modules import config"),
        ("plugins/filter", "import yaml"),
        ("plugins/filter", "from ansible_collections.ephemeral.k8s.plugins.modules.config import outcome"),
        ("plugins/action", "from ansible_collections.ephemeral.k8s.tests.unit import fakes"),
        ("plugins/doc_fragments", "import ansible"),
    ],
)
def test_the_rule_of_the_layers_can_fail(folder: str, source: str) -> None:
    assert layer_trespasses(folder, source)


def test_the_rule_of_one_way_can_fail() -> None:
    sources = {"a": "from .b import x", "b": "from . import c", "c": "def late():\n    from .a import y"}
    assert sorted(set(circle(neighbours(sources)))) == ["a", "b", "c"]
    followed_by_types_alone = sources | {"c": "import typing as t\nif t.TYPE_CHECKING:\n    from .a import y"}
    assert not circle(neighbours(followed_by_types_alone))
    assert held_adapters(neighbours({"plan": "from .cluster import connect", "cluster": ""})) == {("plan", "cluster")}
    with pytest.raises(LookupError, match="gone"):
        neighbours({"a": "from .gone import x"})


def test_each_file_of_the_core_has_a_test_of_its_name() -> None:
    tests = {path.name for path in (ROOT / "tests/unit/module_utils").glob("test_*.py")}
    assert not [path.name for path in CORE_FILES if f"test_{path.name}" not in tests and path.name not in WITHOUT_TEST]


def length(path: Path) -> int:
    """Lines of a file. Ansible wants a module's documentation in the module's own file: its lines are not counted."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return len((DOCUMENTATION.sub("", text) if path.suffix == ".py" else text).splitlines())


def limit(name: str) -> int:
    """The most lines that a file of this name may have."""
    return next(lines for pattern, (lines, _) in LIMITS.items() if fnmatch(name, pattern))


def test_no_file_is_long_without_a_reason() -> None:
    assert not {name_of(path): length(path) for path in tracked() if length(path) > limit(name_of(path))}


@pytest.mark.parametrize("pattern", [pattern for pattern, (lines, _) in LIMITS.items() if lines > MAX_LINES])
def test_an_exception_that_no_long_file_needs_any_more_goes(pattern: str) -> None:
    assert max((length(path) for path in tracked() if fnmatch(name_of(path), pattern)), default=0) > MAX_LINES


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("plugins/module_utils/new.py", 250),
        ("roles/new/files/program", 250),
        ("docs/new.md", 250),
        ("tests/unit/module_utils/test_new.py", 400),
        ("roles/new/tasks/main.yml", 60),
        ("roles/new/handlers/main.yml", 60),
    ],
)
def test_a_new_file_has_the_limit_of_its_kind(name: str, most: int) -> None:
    assert limit(name) == most


def test_documentation_alone_is_not_counted(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('import os\nDOCUMENTATION = r"""\na: 1\n"""\n' + "x = 1\n" * 300)
    assert length(module) == 301


def test_file_names_are_nouns_of_the_domain() -> None:
    assert not [name_of(path) for path in PYTHON_FILES if VAGUE_NAMES & set(path.stem.split("_"))]


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_python_file_carries_its_licence(path: Path) -> None:
    head = path.read_text(encoding="utf-8")[:400]
    assert "SPDX-License-Identifier: GPL-3.0-or-later" in head
    assert "Copyright (c) ephemeral.k8s contributors" in head


def versions() -> Iterator[tuple[str, str]]:
    """Each version that the project chose, without its v, and the file where it stands."""
    for go_mod in tracked("roles/sandbox/files/tools/*/go.mod", ".ci/tools/*/go.mod"):
        text = go_mod.read_text(encoding="utf-8")
        required = dict(re.findall(r"^(?:require)?\s+(\S+) v(\S+)", text, re.MULTILINE))
        programs = re.findall(r"^(?:tool )?\s*(\S+)$", text, re.MULTILINE)
        for module in {str(part) for program in programs for part in (program, *PurePosixPath(program).parents)}:
            if module in required:
                yield required[module], name_of(go_mod)
    yield from ((leaf, "versions.yml") for leaf in leaves(yaml.safe_load((ROOT / "versions.yml").read_text("utf-8"))))


def leaves(tree: Any) -> Iterator[str]:
    """Values of three numbers such as 1.35.4."""
    match tree:
        case dict():
            for value in tree.values():
                yield from leaves(value)
        case list():
            for value in tree:
                yield from leaves(value)
        case str() if re.fullmatch(r"v?\d+\.\d+\.\d+", tree):
            yield tree.removeprefix("v")


def test_versions_stand_in_their_three_places_only() -> None:
    """versions.yml, one go.mod for each built tool, the Python lock."""
    chosen = {version: place for version, place in versions() if re.fullmatch(r"\d+\.\d+\.\d+", version)}
    assert chosen
    pattern = re.compile(r"(?<![\d.])(" + "|".join(map(re.escape, chosen)) + r")(?![\d.])")
    homes = {"versions.yml", "requirements.txt"}
    code = tracked(
        "Makefile", ".ci", ".config", ".github", "charts", "images", "inventories", "playbooks", "plugins", "roles"
    )
    strays = {}
    for path in code:
        if name_of(path) in homes or path.name in {"go.mod", "go.sum"} or path.suffix == ".md":
            continue
        if found := pattern.search(path.read_text(encoding="utf-8", errors="replace")):
            strays[name_of(path)] = f"{found[0]} belongs to {chosen[found[0]]}"
    assert not strays


# Spelt so that this file does not find itself. The home of `runner` is where GitHub's agent lives in its own image.
PRIVATE = re.compile(
    r"(?<![\w.])(?:/wor[k]/|/hom[e]/(?!runner\b)\w|/roo[t]/)"
    r"|(?:pypi\.or[g]|pythonhosted\.or[g]|proxy\.golang\.or[g]|sum\.golang\.or[g]|registry\.npmjs\.or[g]"
    r"|crates\.i[o]\b|repo\.maven\.apach[e]|repo1\.maven\.or[g]|deb\.debian\.or[g])"
)


def test_no_path_of_a_machine_and_no_package_registry_is_named() -> None:
    """A clone works anywhere, through whatever registries its machine is set up for."""
    found = {}
    for path in tracked():
        text = path.read_bytes()
        if b"\0" not in text and (hit := PRIVATE.search(text.decode("utf-8", "replace"))):
            found[name_of(path)] = hit[0]
    assert not found
