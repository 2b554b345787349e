# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sandbox and `playbooks/pr.yml` as people call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

ROOT = Path(__file__).resolve().parents[2]
STATE = Path("/var/lib/ephemeral-k8s")
KUBECONFIG = STATE / "admin.kubeconfig"
REGISTRY = "registry.localhost:5000"
HTTPS_PORT = 8443
CA_FILE = STATE / "ca/ingress/ca.crt"
DEMO = ROOT / "examples/demo"
RUN_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a play ended."""

    code: int
    preview: Mapping[str, Any]
    output: str
    seconds: float


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


def play(playbook: str, variables: Mapping[str, Any], *options: str, folder: Path = ROOT) -> Run:
    """Run a playbook as a person would and take its result from `set_stats`.

    :param playbook: ``pr.yml``, or by its name in the collection: ``ephemeral.k8s.pr``.
    :param options: further ones of ansible-playbook, such as ``--diff``.
    :param folder: where the person stands.
    """
    started = time.monotonic()
    named = str(ROOT / "playbooks" / playbook) if playbook.endswith(".yml") else playbook
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", named, *options, "-e", json.dumps(dict(variables))],
        cwd=folder,
        env={
            **os.environ,
            "PWD": str(folder),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "LC_ALL": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    output = done.stdout + done.stderr
    _, _, stats = output.partition("RUN: ")
    preview = json.JSONDecoder().raw_decode(stats)[0].get("preview", {}) if stats else {}
    return Run(code=done.returncode, preview=preview, output=output, seconds=time.monotonic() - started)


@pytest.fixture(scope="session")
def pr(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    """``pr(11, config={...}, pr_sha="a")`` runs `playbooks/pr.yml`; what it opened is closed at the end."""
    folder = tmp_path_factory.mktemp("configs")
    opened: set[tuple[str, int]] = set()

    def run(number: int, *, config: Mapping[str, Any] | str | None = None, **variables: Any) -> Run:
        written = demo_config() if config is None else config
        path = folder / f"{number}-{time.monotonic_ns()}.yaml"
        path.write_text(written if isinstance(written, str) else yaml.safe_dump(written))
        if isinstance(written, Mapping):
            opened.add((str(written["projectId"]), number))
        return play(
            "pr.yml",
            {"pr": number, "pr_config": str(path), "pr_image": f"{REGISTRY}/demo:pr-1", **variables},
        )

    yield run
    for project, number in sorted(opened):
        if kubectl.exists("namespace", f"{project}-pr-{number}"):
            play("pr.yml", {"pr": number, "pr_state": "absent", "pr_project": project})


def demo_config(**changes: Any) -> dict[str, Any]:
    """The demo application's configuration with some top-level fields replaced."""
    return {**yaml.safe_load((DEMO / "k8s-ee.yaml").read_text()), **changes}


def ask(url: str, *, method: str = "GET", body: Mapping[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
    """A request as a visitor's browser makes it: TLS verified, public host name, loopback address."""
    parts = urllib3.util.parse_url(url)
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1",
        parts.port or 443,
        ca_certs=str(CA_FILE),
        server_hostname=parts.host,
        assert_hostname=parts.host,
    )
    headers = {"Host": f"{parts.host}:{parts.port}", "Content-Type": "application/json"}
    return pool.request(
        method,
        parts.request_uri,
        headers=headers,
        body=None if body is None else json.dumps(body),
        timeout=10,
        retries=False,
        redirect=False,
    )


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
