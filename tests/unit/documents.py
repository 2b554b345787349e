# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies for Hypothesis: valid configurations of every shape, and ones in which anything may be wrong."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
_NAME = st.from_regex(r"[A-Z_][A-Z0-9_]{2,8}X", fullmatch=True).filter(lambda name: "PG" not in name)
_PATH = st.sampled_from([".", "app", "./deploy/", "a/b.c"])
_DURATION = st.sampled_from(["1h", "90m", "2d", "1d12h"])
_COMMAND = st.one_of(
    st.sampled_from(["./run.sh --all", "make migrate"]),
    st.lists(_TEXT.filter(str.strip), min_size=1, max_size=3),
)
_RESOURCES = st.fixed_dictionaries(
    {},
    optional={
        "requests": st.fixed_dictionaries(
            {}, optional={"cpu": st.sampled_from(["10m", 0.1]), "memory": st.just("64Mi")}
        ),
        "limits": st.fixed_dictionaries(
            {},
            optional={"cpu": st.sampled_from([1, "1500m", "0.5"]), "memory": st.sampled_from(["512Mi", "2Gi", "200M"])},
        ),
    },
)
_PROCESS: dict[str, st.SearchStrategy[Any]] = {
    "command": _COMMAND,
    "uid": st.integers(1, 2**31 - 1),
    "replicas": st.integers(1, 10),
    "writableDirs": st.lists(st.sampled_from(["/data", "/var/cache/", "/app/tmp"]), unique=True),
}
_ASKED: dict[str, st.SearchStrategy[Any]] = {
    "healthPath": st.sampled_from(["/", "/healthz", "/up?full=1"]),
    "metricsPath": st.just("/metrics"),
}
_PORT = st.integers(1, 65535)
_IMAGE = st.fixed_dictionaries(
    {}, optional={"context": _PATH, "dockerfile": _PATH, "repository": st.just("registry.example.org:5000/team/app")}
)
_ENV = st.dictionaries(_NAME, _TEXT, max_size=4)


def _database(*versions: str) -> st.SearchStrategy[Any]:
    body = {
        "enabled": st.booleans(),
        "version": st.sampled_from(versions),
        "storage": st.sampled_from(["100Mi", "10Gi", "500M"]),
        "seed": _PATH,
    }
    return st.booleans() | st.fixed_dictionaries({}, optional=body)


_SERVICE = st.one_of(
    st.fixed_dictionaries({"port": _PORT}, optional=_PROCESS | _ASKED | {"image": _IMAGE, "env": _ENV}),
    st.fixed_dictionaries({}, optional=_PROCESS | {"resources": _RESOURCES}),
)


def valid() -> st.SearchStrategy[dict[str, Any]]:
    """Valid documents of every shape."""
    return st.fixed_dictionaries(
        {"projectId": st.sampled_from(["a", "shop", "my-shop-2", "a" * 20])},
        optional={
            "trigger": st.sampled_from(["automatic", "label", "on-demand"]),
            "app": st.fixed_dictionaries({}, optional=_PROCESS | _ASKED | {"port": _PORT}),
            "image": _IMAGE,
            "resources": _RESOURCES,
            "env": _ENV,
            "secrets": st.lists(st.sampled_from(["api_key", "Token", "s3cret"]), unique=True),
            "databases": st.fixed_dictionaries(
                {},
                optional={
                    "postgresql": _database("14", "18"),
                    "mariadb": _database("10.11"),
                    "mongodb": _database("7.0"),
                    "redis": _database("7.2"),
                    "minio": _database("1"),
                },
            ),
            "hooks": st.fixed_dictionaries({}, optional={"migrate": _COMMAND, "seed": _COMMAND}),
            "ingress": st.fixed_dictionaries({}, optional={"enabled": st.booleans()}),
            "metrics": st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "interval": st.just("1m")}),
            "services": st.dictionaries(st.sampled_from(["api", "worker", "z" * 29]), _SERVICE, max_size=2),
            "source": st.sampled_from([{"chart": "deploy/chart"}, {"kustomize": "."}, {"manifests": "k8s/all.yaml"}]),
            "expiry": st.fixed_dictionaries({}, optional={"idle": _DURATION}),
            "sleep": st.fixed_dictionaries({}, optional={"idle": _DURATION}),
        },
    )


_ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 70000, 10**30, "", " ", "x", "yes", "-1", "128m", "3 d", "/", "/a", "../..", "a\0b"),
    *([], ["a", "a"], [None], [[]], {}, {"a": 1}, {"enabled": True}, {"idle": "1s"}, {"cpu": "9"}, {"PORT": "1"}),
    *("x" * 70, "é", "\x1b[31m", {"storage": "99Gi"}, {"version": 16}, {"limits": {"cpu": "10m"}}, {"port": 1}),
]
_KEYS = ["app", "port", "prot", "enabled", "idle", "s3", "minio", "env", "chart", "kustomize", "version", "x", "A", ""]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid document in which some values were replaced, keys added or taken away."""
    tree = copy.deepcopy(draw(valid()))
    for _ in range(draw(st.integers(0, 4))):
        held: Any = tree
        while isinstance(held, dict) and held and draw(st.booleans()):
            below = held[draw(st.sampled_from(sorted(held)))]
            if not isinstance(below, dict):
                break
            held = below
        key = draw(st.sampled_from(sorted({*held, *_KEYS})))
        if draw(st.integers(0, 5)) == 0:
            held.pop(key, None)
        else:
            held[key] = copy.deepcopy(draw(st.sampled_from(_ODD)))
    return draw(st.sampled_from([tree] * 9 + [[tree]]))
