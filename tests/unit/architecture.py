# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The architecture as rules on a Python file: what it may reach for, however it spells that.

Each rule takes source text and returns what breaks it, so that a test can show that the rule is able to fail.
"""

from __future__ import annotations

import ast
import builtins
import graphlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

COLLECTION = "ansible_collections.ephemeral.k8s."
CORE = "plugins/module_utils"
_CORE = CORE.replace("/", ".")

# All that the core may import from outside of itself: what computes, and neither reads nor writes anything.
PURE = frozenset(
    {"__future__", "abc", "base64", "bisect", "collections", "concurrent.futures", "contextlib", "copy", "dataclasses"}
    | {"datetime", "decimal", "difflib", "enum", "fnmatch", "functools", "hashlib", "heapq", "hmac", "html"}
    | {"ipaddress", "itertools", "json", "math", "operator", "queue", "re", "shlex", "statistics", "string", "struct"}
    | {"textwrap", "threading", "types", "typing", "unicodedata", "urllib.parse", "zlib"}
)
# The files of the core that see a part of the outside world, and which. Nothing else of the core may import those that
# reach a cluster, a process or the network: the faces hand them in.
ADAPTERS: Mapping[str, frozenset[str]] = {
    "cluster": frozenset(),
    "forge": frozenset({"github"}),
    "helm": frozenset({"subprocess", "yaml"}),
    "kubeconfig": frozenset({"io", "kubernetes"}),
    "prober": frozenset({"ssl", "urllib3"}),
    "streams": frozenset({"urllib3"}),
    "transport": frozenset({"urllib3"}),
}
# Files that hold a protocol beside the one thing of the outside that fulfils it, which is handed in; YAML and a QR code
# are computed.
EXCEPTIONS: Mapping[str, frozenset[str]] = {
    "clock": frozenset({"time"}),
    "document": frozenset({"yaml"}),
    "liveness": frozenset({"os", "pathlib"}),
    "qr": frozenset({"segno"}),
}
# What is reached without an import that says so.
HIDDEN = frozenset(
    {f"builtins.{name}" for name in ("__import__", "breakpoint", "eval", "exec", "input", "open", "print")}
    | {"datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today"}
    | {f"{_CORE}.clock.SystemClock", f"{_CORE}.liveness.SystemProcesses", "io.open"}
)
# Which part of the collection may import which other; the outside that it may see besides Python's own.
LAYERS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    CORE: (frozenset({_CORE}), frozenset({"kubernetes", "github", "segno", "urllib3", "yaml"})),
    "plugins/modules": (frozenset({_CORE}), frozenset({"ansible"})),
    "plugins/filter": (frozenset({_CORE}), frozenset({"ansible"})),
    "plugins/lookup": (frozenset({_CORE}), frozenset({"ansible"})),
    # An action does on the controller what its module does.
    "plugins/action": (frozenset({_CORE, "plugins.modules"}), frozenset({"ansible"})),
    "plugins/doc_fragments": (frozenset(), frozenset()),
}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The names that a file reaches for.

    :param imports: what it imports, such as ``time``, ``collections.abc.Mapping`` or, of the collection itself,
        ``plugins.module_utils.plan.make``.
    :param uses: what it uses of that, and of Python's own: ``time.sleep``, ``builtins.open``.
    """

    imports: frozenset[str]
    uses: frozenset[str]


def reach(source: str, *, folder: str, running: bool = False) -> Reach:
    """Read a file's source.

    :param folder: where the file is, from the top of the collection, such as ``plugins/module_utils``.
    :param running: leave out what only a type checker follows.
    """
    tree = ast.parse(source)
    if running:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
                node.body = []
    names = dict(_named(tree, folder.split("/")))
    uses = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in names:
                uses.add(f"{names[first]}{dot}{rest}")
            elif hasattr(builtins, first):
                uses.add(f"builtins.{first}{dot}{rest}")
    return Reach(imports=frozenset(_imports(tree, folder.split("/"))), uses=frozenset(uses))


def within(name: str, parts: frozenset[str]) -> bool:
    """Whether a name is one of these or below one."""
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def core_trespasses(stem: str, source: str) -> set[str]:
    """What a file of the core reaches for and may not: the outside world, and what should be handed to it."""
    found = reach(source, folder=CORE)
    allowed = PURE | ADAPTERS.get(stem, frozenset()) | EXCEPTIONS.get(stem, frozenset()) | {_CORE}
    outside = {name for name in found.imports if not within(name, allowed)}
    hidden = {name for name in found.uses | found.imports if within(name, HIDDEN)}
    return outside | (hidden if stem != "clock" else set())


def layer_trespasses(folder: str, source: str) -> set[str]:
    """What a file imports from a part of the collection, or of the outside, that is none of its layer's."""
    ours, outside = LAYERS[folder]
    allowed = ours | outside
    python = frozenset(sys.stdlib_module_names)
    return {name for name in reach(source, folder=folder).imports if not within(name, allowed | python)}


def neighbours(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Which files of the core each file of the core imports when it runs, all by their stems.

    :raises LookupError: where an import names a file that is not there.
    """
    graph = {}
    for stem, source in sources.items():
        ours = {
            name.removeprefix(f"{_CORE}.").partition(".")[0]
            for name in reach(source, folder=CORE, running=True).imports
            if within(name, frozenset({_CORE}))
        }
        if absent := ours - sources.keys():
            raise LookupError(f"{stem} imports {', '.join(sorted(absent))}, which is not there")
        graph[stem] = ours
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The files of an import that goes in a circle; empty where all go one way."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def held_adapters(graph: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Files of the core that import an adapter, each with it; an adapter may be made of several files."""
    return {(stem, name) for stem, names in graph.items() for name in names & ADAPTERS.keys() if stem not in ADAPTERS}


def _imports(tree: ast.Module, folder: list[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (_ours(alias.name) for alias in names)
            case ast.ImportFrom(names=names):
                yield from (f"{_origin(node, folder)}.{alias.name}" for alias in names)


def _named(tree: ast.Module, folder: list[str]) -> Iterator[tuple[str, str]]:
    """Each name that an import gives to the file, with the full name behind it."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    first = alias.name.partition(".")[0]
                    yield (alias.asname, _ours(alias.name)) if alias.asname else (first, first)
            case ast.ImportFrom(names=names):
                for alias in names:
                    yield alias.asname or alias.name, f"{_origin(node, folder)}.{alias.name}"


def _origin(node: ast.ImportFrom, folder: list[str]) -> str:
    if not node.level:
        return _ours(str(node.module))
    above = folder[: len(folder) - node.level + 1]
    return ".".join((*above, node.module) if node.module else above)


def _ours(name: str) -> str:
    return name.removeprefix(COLLECTION)
