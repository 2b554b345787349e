# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sandbox and `playbooks/pr.yml` as people call it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .apiserver import ApiServer
from .demo import ask, demo_config
from .places import CA_FILE, DEMO, HTTPS_PORT, KUBECONFIG, REGISTRY, ROOT, STATE
from .runs import Run, Started, play

__all__ = [
    "CA_FILE",
    "DEMO",
    "HTTPS_PORT",
    "KUBECONFIG",
    "REGISTRY",
    "ROOT",
    "STATE",
    "ApiServer",
    "Kubectl",
    "PullRequests",
    "Run",
    "ask",
    "build_image",
    "demo_config",
    "play",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the whole sandbox down comes last: where it does not come back, all else has had its say."""
    items.sort(key=lambda item: item.get_closest_marker("outage") is not None)


# More of them on two cores, and each would be late for want of the processor.
STORIES_AT_ONCE = 6


class Kubectl:
    """The sandbox's kubectl."""

    def __call__(self, *arguments: str, check: bool = True) -> str:
        command = [str(STATE / "bin/kubectl"), "--kubeconfig", str(KUBECONFIG), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def exists(self, *arguments: str) -> bool:
        return bool(self("get", "--ignore-not-found", "-o", "name", *arguments).strip())


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    if not KUBECONFIG.exists():
        pytest.fail(f"{KUBECONFIG} is missing: start the sandbox with `make sandbox`")
    return Kubectl()


class PullRequests:
    """``pr(11, config={...}, pr_sha="a")`` runs `playbooks/pr.yml` for a pull request."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: set[tuple[str, int]] = set()

    def __call__(self, number: int, *, config: Mapping[str, Any] | str | None = None, **variables: Any) -> Run:
        return play("pr.yml", self.variables(number, config=config, **variables))

    def start(self, number: int, *, config: Mapping[str, Any] | str | None = None, **variables: Any) -> Started:
        """The same in the background."""
        return Started("pr.yml", self.variables(number, config=config, **variables))

    def variables(
        self, number: int, *, config: Mapping[str, Any] | str | None = None, **variables: Any
    ) -> dict[str, Any]:
        """What `playbooks/pr.yml` is called with; what is opened with it is closed at the end."""
        written = demo_config() if config is None else config
        path = self._folder / f"{number}-{time.monotonic_ns()}.yaml"
        path.write_text(written if isinstance(written, str) else yaml.safe_dump(written))
        if isinstance(written, Mapping):
            self._opened.add((str(written["projectId"]), number))
        return {"pr": number, "pr_config": str(path), "pr_image": f"{REGISTRY}/demo:pr-1", **variables}

    def close_all(self, kubectl: Kubectl) -> None:
        """Close what is still open, several at a time."""

        def close(opened: tuple[str, int]) -> None:
            project, number = opened
            if kubectl.exists("namespace", f"{project}-pr-{number}"):
                play("pr.yml", {"pr": number, "pr_state": "absent", "pr_project": project})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(close, sorted(self._opened)))


@pytest.fixture(scope="session")
def pr(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PullRequests]:
    """Pull requests of the demo application; those still open are closed at the end."""
    requests = PullRequests(tmp_path_factory.mktemp("configs"))
    yield requests
    requests.close_all(kubectl)


@pytest.fixture(scope="session")
def api(kubectl: Kubectl) -> ApiServer:
    return ApiServer()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a story has: the fixtures of these names, and a folder of its own."""

    pr: PullRequests
    api: ApiServer
    kubectl: Kubectl
    folder: Path


Story = Callable[[Stage], None]


@pytest.fixture(scope="module")
def at_once(
    request: pytest.FixtureRequest,
    pr: PullRequests,
    api: ApiServer,
    kubectl: Kubectl,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[Story, Future[None]]]:
    """The stories of a module that were chosen, told at once: runs mostly wait, so six cost little more than one.

    A story is a function of a :class:`Stage`; the tests that tell them have it as their parameter ``story``.
    """
    tests = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    stories = dict.fromkeys(test.callspec.params["story"] for test in tests if "story" in test.callspec.params)
    with ThreadPoolExecutor(STORIES_AT_ONCE) as pool:
        stages = (
            Stage(pr=pr, api=api, kubectl=kubectl, folder=tmp_path_factory.mktemp(story.__name__)) for story in stories
        )
        yield {story: pool.submit(story, stage) for story, stage in zip(stories, stages, strict=True)}


def build_image(tag: str, dockerfile: str, folder: Path) -> str:
    """Build an image on the demo application's, push it to the local registry and return its name."""
    (folder / "Dockerfile").write_text(dockerfile)
    image = f"{REGISTRY}/{tag}"
    cache = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "ephemeral-k8s"
    script = ROOT / "roles/sandbox/files/build-application"
    subprocess.run(
        [script, cache, folder, image, f"{REGISTRY}/demo:pr-1"], check=True, stdout=subprocess.DEVNULL, timeout=120
    )
    return image
