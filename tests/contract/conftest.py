# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub publishes about itself, and a server on loopback that takes only requests that it describes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .description import cut

ROOT = Path(__file__).resolve().parents[2]
PATHS = (
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "/repos/{owner}/{repo}/deployments",
    "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/statuses/{sha}",
)
_START_SECONDS = 60


@dataclass
class Prism:
    """The running server.

    :ivar lines: what it logged; it tells there what is wrong with a request.
    """

    url: str
    lines: list[str] = field(default_factory=list)
    listens: threading.Event = field(default_factory=threading.Event)

    def read(self, stream: Iterator[str]) -> None:
        """Keep what it logs until it ends."""
        for line in stream:
            self.lines.append(line.rstrip())
            if "Prism is listening" in line:
                self.listens.set()
        self.listens.set()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The installed packages of package.json; without npm a person's run skips their tests, and CI's fails."""
    if shutil.which("npm") is None and not os.environ.get("CI"):
        pytest.skip("npm is missing; apt-get install npm")
    found = subprocess.run((".ci/npm",), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=300)
    assert found.returncode == 0, "the packages of tests/contract could not be installed; npm's own words are above"
    return Path(found.stdout.strip())


@pytest.fixture(scope="session")
def description(node_modules: Path) -> dict[str, Any]:
    """GitHub's description of the paths that we use."""
    whole = node_modules / "@octokit" / "openapi" / "generated" / "api.github.com.json"
    return cut(json.loads(whole.read_text(encoding="utf-8")), PATHS)


@pytest.fixture(scope="session")
def prism(node_modules: Path, description: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prism]:
    """The server, started once."""
    document = tmp_path_factory.mktemp("github") / "api.json"
    document.write_text(json.dumps(description), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = node_modules / "@stoplight" / "prism-cli" / "dist" / "index.js"
    # Without --errors, which would refuse GitHub's own examples too: two of them are not what it describes.
    command = ("node", program, "mock", "--host", "127.0.0.1", "--port", str(port), document)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        running = Prism(url=f"http://127.0.0.1:{port}")
        assert process.stdout is not None
        reader = threading.Thread(target=running.read, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            began = running.listens.wait(_START_SECONDS) and process.poll() is None
            assert began, "prism did not start:\n" + "\n".join(running.lines[-20:])
            yield running
        finally:
            process.terminate()
            process.wait(10)
            reader.join(10)
