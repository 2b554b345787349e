# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the tree: which way imports go, how long a file may be, where a version may stand."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "plugins" / "module_utils"

# The outside world, and the one file of the core that may see each part of it.
ADAPTERS = {
    "ansible": (),
    "ansible_collections": (),
    "github": ("forge.py",),
    "kubernetes": ("kubeconfig.py",),
    "requests": (),
    "yaml": ("document.py", "helm.py"),
}
# Clock, environment, disk and processes are handed in; these are what gets handed in.
OUTSIDE_CALLS = {
    "datetime.now": ("clock.py",),
    "datetime.utcnow": (),
    "open": (),
    "os.environ": (),
    "os.getenv": (),
    "subprocess.Popen": (),
    "subprocess.run": ("helm.py",),
    "time.monotonic": ("clock.py",),
    "time.sleep": ("clock.py",),
    "time.time": ("clock.py",),
}
MAX_PYTHON_LINES = 250
MAX_TEST_LINES = 400  # a table of cases is long and has one idea
MAX_TASK_LINES = 60
LONG_FILES: Mapping[str, str] = {
    "roles/sandbox/tasks/tools.yml": "a task for each tool, so that the play says which one it builds",
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


def parsed(path: Path) -> ast.Module:
    """A Python file as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def absolute_imports(path: Path) -> set[str]:
    """The top-level packages that a file imports by their names."""
    found = set()
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
    return found


def siblings(path: Path) -> set[str]:
    """The files of the core that a file of the core imports when it runs, by their stems."""
    found, tree = set(), parsed(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []  # before its children are walked: what only the type checker follows
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=1):
                found.add(module.partition(".")[0])
            case ast.ImportFrom(module=None, level=1, names=names):
                found |= {alias.name for alias in names}
    return found


CORE_FILES = sorted(path for path in CORE.glob("*.py") if path.name != "__init__.py")
PYTHON_FILES = tracked("*.py")


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.name)
def test_core_sees_the_outside_world_only_through_its_adapters(path: Path) -> None:
    seen = absolute_imports(path)
    assert not {package for package, allowed in ADAPTERS.items() if package in seen and path.name not in allowed}


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.name)
def test_core_is_handed_clock_environment_disk_and_processes(path: Path) -> None:
    called = {ast.unparse(node) for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute | ast.Name)}
    assert not {call for call, allowed in OUTSIDE_CALLS.items() if call in called and path.name not in allowed}


def test_core_imports_go_one_way() -> None:
    graph = {path.stem: siblings(path) for path in CORE_FILES}
    unknown = {(stem, name) for stem, names in graph.items() for name in names if name not in graph}
    assert not unknown, "a relative import names a file that is not there"
    assert list(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle


def test_modules_reach_the_core_by_relative_imports() -> None:
    """Ansible ships to the target what a module imports from its collection; another module is never part of that."""
    for path in tracked("plugins/modules/*.py"):
        ours = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.ImportFrom) and n.level]
        assert {(node.level, str(node.module).partition(".")[0]) for node in ours} <= {(2, "module_utils")}, path.name


def test_each_file_of_the_core_has_a_test_of_its_name() -> None:
    tests = {path.name for path in (ROOT / "tests/unit/module_utils").glob("test_*.py")}
    assert not [path.name for path in CORE_FILES if f"test_{path.name}" not in tests and path.name not in WITHOUT_TEST]


def over(limit: int, paths: list[Path]) -> dict[str, int]:
    """The files longer than the limit, with their lengths, less those with a reason.

    Ansible wants a module's documentation in the module's own file: its lines are not counted.
    """
    lengths = {
        name_of(path): len(DOCUMENTATION.sub("", path.read_text(encoding="utf-8")).splitlines()) for path in paths
    }
    return {name: length for name, length in lengths.items() if length > limit and name not in LONG_FILES}


def test_no_python_file_is_long() -> None:
    tests = [path for path in PYTHON_FILES if path.is_relative_to(ROOT / "tests")]
    assert not over(MAX_PYTHON_LINES, [path for path in PYTHON_FILES if path not in tests])
    assert not over(MAX_TEST_LINES, tests)


def test_no_task_file_is_long() -> None:
    assert not over(MAX_TASK_LINES, tracked("roles/*/tasks/*.yml", "roles/*/handlers/*.yml"))


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
