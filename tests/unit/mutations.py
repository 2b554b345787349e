# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that nobody should write as `k8s-ee.yaml`, by number: the same number is the same document for ever."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from ..conftest import GOLDEN

_INPUTS = [path.read_bytes() for path in sorted((GOLDEN / "config").glob("*/*.input"))]
_TREES = [yaml.safe_load(path.read_bytes()) for path in sorted((GOLDEN / "config" / "valid").glob("*.input"))]
_MOST_BYTES = 64 * 1024

_KEYS = (
    *(
        "projectId",
        "trigger",
        "app",
        "image",
        "resources",
        "env",
        "secrets",
        "databases",
        "hooks",
        "ingress",
        "metrics",
    ),
    *("services", "source", "expiry", "sleep", "port", "healthPath", "metricsPath", "command", "uid", "replicas"),
    *("writableDirs", "context", "dockerfile", "repository", "requests", "limits", "cpu", "memory", "postgresql"),
    *("mariadb", "mongodb", "redis", "minio", "s3", "enabled", "version", "storage", "seed", "migrate", "annotations"),
    *("interval", "chart", "kustomize", "manifests", "idle", "prot", "PROJECTID", "<<", "=", "", "é", "__class__", "0"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 80, 65536, 2**31, 2**63, 10**40, -(10**40), 0.1, 1e308, float("inf"), float("nan")),
    *("", " ", "shop", "a-pr-1", "-1", "50m", "1Gi", "9" * 50, "1e9999", "3d", "99999999999d", "/health", "../../x"),
    *("no", "0x10", "22:22", "2001-01-01", "\0", "\x1b[31m", "\u2028", "\ufeff", "\U0001f600", "a\nb", "٣", "x" * 300),
    *([], {}, [[]], [{}], {"": None}, ["a", "a"], {"enabled": True}, {"a": {"b": {"c": {}}}}),
)
_TRAPS = (
    *("a: &x 1", "b: *x", "<<: *x", "c: !!python/object/apply:os.system [id]", "d: !!binary aGk=", "e: !t {}"),
    *(
        "%YAML 1.1\n---",
        "%TAG ! tag:x,2000:",
        "---",
        "...",
        "? [a, b]\n: c",
        "? |\n  k\n: v",
        "f: |2-\n   x",
        "g: >+\n",
    ),
    *("h: 'it''s", 'i: "\\x41\\u00e9\\U0001F600\\e"', 'j: "\\ud800"', "k: @x", "l: `x`", "m:\tx", "\tn: 1", "o: 1\r"),
    *("p: 0o17", "q: 017", "r: 0b1", "s: 1_000", "t: 1:1:1", "u: .nan", "v: -.INF", "w: 1e400", "x: ~", "y: Off"),
    *(
        "projectId: shop",
        "projectId: no",
        "app: {port: 080}",
        "app: {port: 8_0}",
        "env: {A: !!str 1, A: 2}",
        "env: *env",
    ),
    *("- a", "-", "- - - x", "{", "}", "[", "]", ",", ": ", "?", "z: {a: [b, {c: d}, e], f}", "# only words", "aa: #x"),
    *("services: {a: {}, b: {}}", "services: &s {x: *s}", "databases: {mysql: yes}", "resources: {limits: {cpu: 1e3}}"),
)


def document(number: int) -> bytes:
    """One document of at most 64 KiB and a little: damaged, odd, deep, huge, noise or full of traps."""
    dice = random.Random(number)
    makers: Sequence[Callable[[random.Random], bytes]] = (_damaged, _odd, _traps, _noise, _deep, _huge)
    return dice.choices(makers, weights=(40, 25, 15, 10, 5, 5))[0](dice)


def _damaged(dice: random.Random) -> bytes:
    """A file that was right, or wrong in one way, after a few accidents."""
    raw = bytearray(dice.choice(_INPUTS))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randint(0, len(raw))
        end = min(len(raw), at + dice.randint(1, 12))
        match dice.randint(0, 6):
            case 0:
                raw[at:end] = b""
            case 1:
                raw[at:at] = raw[at:end] * dice.randint(1, 3)
            case 2 if at < len(raw):
                raw[at] ^= 1 << dice.randint(0, 7)
            case 3:
                raw[at:at] = dice.choice(_TRAPS).encode()
            case 4:
                raw[at:at] = dice.choice(
                    (b"\n", b" ", b"  ", b"\t", b":", b": ", b"- ", b"'", b'"', b"#", b"&a ", b"*a")
                )
            case 5:
                lines = raw.splitlines(keepends=True)
                dice.shuffle(lines)
                raw = bytearray(b"".join(lines))
            case _:
                other = dice.choice(_INPUTS)
                raw[at:] = other[dice.randint(0, len(other)) :]
    return bytes(raw)


class _Plain(yaml.SafeDumper):
    """Writes what stands twice twice: an alias is refused wherever it stands, and the rest would not be read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _odd(dice: random.Random) -> bytes:
    """A tree of keys that exist and values that may be anything, in one of several spellings."""
    if dice.random() < 0.7:
        tree = copy.deepcopy(dice.choice(_TREES))
        for _ in range(dice.randint(0, 3)):
            _change(dice, tree)
    else:
        tree = {"projectId": dice.choice(("shop", *_VALUES)), **_branch(dice, 0)}
    match dice.randint(0, 4):
        case 0:
            return json.dumps(tree, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
        case 1:
            return yaml.dump(tree, Dumper=_Plain, default_flow_style=True, width=1 << dice.randint(4, 12)).encode()
        case 2:
            style = dice.choice(("'", '"', "|", ">"))
            return yaml.dump(tree, Dumper=_Plain, default_style=style, allow_unicode=True).encode()
        case _:
            return yaml.dump(tree, Dumper=_Plain, sort_keys=False).encode()


def _change(dice: random.Random, tree: dict[str, Any]) -> None:
    held: Any = tree
    while isinstance(held, dict) and held and dice.random() < 0.6:
        below = held[dice.choice(list(held))]
        held = below if isinstance(below, dict) else held
    key = dice.choice([*held, *_KEYS])
    if dice.random() < 0.2:
        held.pop(key, None)
    else:
        held[key] = copy.deepcopy(_value(dice, 3))


def _branch(dice: random.Random, depth: int) -> dict[str, Any]:
    return {dice.choice(_KEYS): _value(dice, depth + 1) for _ in range(dice.randint(0, 6))}


def _value(dice: random.Random, depth: int) -> Any:
    match dice.randint(0, 4):
        case 0 | 1 if depth < 5:
            return _branch(dice, depth)
        case 2 if depth < 5:
            return [_value(dice, depth + 1) for _ in range(dice.randint(0, 4))]
        case _:
            return dice.choice(_VALUES)


def _traps(dice: random.Random) -> bytes:
    end = dice.choice(("\n", "\n", "\r\n", "\r", "\n\n", "\n  ", "\u0085"))
    return end.join(dice.choice(_TRAPS) for _ in range(dice.randint(1, 12))).encode("utf-8", "surrogatepass")


def _noise(dice: random.Random) -> bytes:
    size = dice.choice((0, 1, 3, 40, 400, 4000))
    match dice.randint(0, 3):
        case 0:
            return dice.randbytes(size)
        case 1:
            return "".join(chr(dice.randrange(0x110000)) for _ in range(size)).encode("utf-8", "surrogatepass")
        case 2:
            return "".join(chr(dice.randrange(32, 127)) for _ in range(size)).encode()
        case _:
            text = dice.choice(_INPUTS).decode("utf-8", "replace")
            return text.encode(dice.choice(("utf-16", "utf-32-be", "utf-8-sig", "cp500", "utf-7")), "replace")


def _deep(dice: random.Random) -> bytes:
    depth = dice.choice((10, 15, 16, 17, 100, 1000, 30_000))
    left, right = dice.choice(
        (("[", "]"), ("{a: ", "}"), ("[{a: ", "}]"), ("? ", ""), ("- ", ""), ("&a [", "]"), ("!t [", "]"))
    )
    closing = right * dice.choice((0, depth - 1, depth))
    prefix = dice.choice(("", "app: ", "projectId: shop\nenv: ", "services:\n  a: "))
    return f"{prefix}{left * depth}x{closing}".encode()[: _MOST_BYTES + 1]


def _huge(dice: random.Random) -> bytes:
    """As much of one thing as a file may hold."""
    size = dice.choice((1000, 4300, 5000, 20_000, 60_000, _MOST_BYTES))
    unit, prefix = dice.choice(
        (
            *(("k", ""), ("1", "a: "), ("1", "app: {port: "), ("-", "a: "), (" ", "a:\n"), ("\n", "a: 1"), ("#", "")),
            *(
                (",", "a: ["),
                ("1,", "a: ["),
                ("a: 1\n", ""),
                (":1", "a: 1"),
                ("e9", "a: 1"),
                ("é", "a: "),
                ("'", "a: "),
            ),
            *(("\\n", 'a: "'), ("\U0001f600", "env: {A: "), ("a/", "image: {context: "), ("../", "source: {chart: ")),
            *(
                ("*x ", "a: &x 1\nb: "),
                ("!", "a: "),
                ("&a ", "b: "),
                ("? ", ""),
                ("x ", "hooks: {migrate: "),
                ("|", "a: "),
            ),
            *(("{prjectId: 1}, ", "secrets: ["), ("0", "resources: {limits: {cpu: 1."), ("9", "expiry: {idle: ")),
        )
    )
    whole = "".join(f"{unit}{number}: {number}\n" for number in range(size // 12)) if dice.random() < 0.2 else ""
    return (prefix + (whole or unit * (size // len(unit.encode())))).encode()[: dice.choice((size, _MOST_BYTES + 1))]
