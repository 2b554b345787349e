# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions as a workflow's steps run them, on a real cluster and a real registry."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.actions.job_reader import obeyed, read_outputs

from .conftest import DEMO, REGISTRY, ROOT, Kubectl, ask

pytestmark = pytest.mark.github

ACTIONS = ROOT / ".github/actions"
SHA = f"{int(time.time()):040x}"
NOW = int(time.time())
OPENED, REFUSED, CANCELLED, MEASURED = 800, 801, 802, 803
BRANCH = "feat/`odd` | <b>name</b> $(x) {{ lookup('pipe', 'id') }} 🎉"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A step that has ended."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str
    seconds: float


class Workspace:
    """A job's workspace with the demo application in `source`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temp"
        self.temporary.mkdir()
        shutil.copytree(DEMO, folder / "source")
        # buildah's own place is the machine's; here it has one that goes with the test.
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
        )

    def start(self, program: str, **environment: str) -> subprocess.Popen[str]:
        """Start an action's program, as a step does."""
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        return subprocess.Popen(
            [sys.executable, ACTIONS / program],
            env={
                **os.environ,
                "RUNNER_TEMP": str(self.temporary),
                "GITHUB_WORKSPACE": str(self.folder),
                "GITHUB_REPOSITORY": "acme/demo",
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "EPHEMERAL_K8S_INSECURE_REGISTRIES": REGISTRY,
                "EPHEMERAL_K8S_INVENTORY": str(ROOT / "inventories/sandbox"),
                "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, process: subprocess.Popen[str], began: float) -> Ended:
        """Wait for its end."""
        try:
            log, _ = process.communicate(timeout=300)
        finally:
            process.kill()
        return Ended(
            code=process.returncode,
            log=log,
            outputs=read_outputs(self.folder / "output"),
            summary=(self.folder / "summary").read_text(),
            seconds=time.monotonic() - began,
        )

    def run(self, program: str, **environment: str) -> Ended:
        """Start it and wait for its end."""
        began = time.monotonic()
        return self.end(self.start(program, **environment), began)

    def event(self, pr: int, **more: str) -> dict[str, str]:
        """What every step of a deploy is told."""
        return {
            "INPUT_PR": str(pr),
            "INPUT_PR_CONFIG": "source/k8s-ee.yaml",
            "INPUT_PR_IMAGE": f"{REGISTRY}/demo:pr-1",
            "INPUT_PR_BRANCH": BRANCH,
            "INPUT_PR_SHA": SHA,
            "INPUT_PR_SEQUENCE": str(NOW),
            **more,
        }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, kubectl: Kubectl) -> Iterator[Workspace]:
    made = Workspace(tmp_path_factory.mktemp("workspace"))
    yield made
    for pr in (OPENED, REFUSED, CANCELLED, MEASURED):
        if kubectl.exists("namespace", f"demo-pr-{pr}"):
            made.run("preview/run.py", INPUT_PR=str(pr), INPUT_PR_STATE="absent", INPUT_PR_PROJECT="demo")
    subprocess.run(["umount", f"{made.folder}/graph/overlay"], check=False, capture_output=True)


def tags(repository: str) -> set[str]:
    """The tags of a repository in the local registry."""
    request = f"http://127.0.0.1:{REGISTRY.rpartition(':')[2]}/v2/{repository}/tags/list"
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return set(json.load(reply)["tags"] or ())
    except urllib.error.HTTPError:
        return set()


@pytest.fixture(scope="module")
def built(workspace: Workspace) -> Ended:
    return workspace.run(
        "build/build.py",
        INPUT_PR=str(OPENED),
        INPUT_SHA=SHA,
        INPUT_SOURCE="source",
        INPUT_CONFIG="k8s-ee.yaml",
        INPUT_PROJECT="github-demo",
        INPUT_CONTEXT=".",
        INPUT_DOCKERFILE="Dockerfile",
        INPUT_REPOSITORY="",
        INPUT_REGISTRY=REGISTRY,
        INPUT_TARGET="",
        INPUT_ARGUMENTS=f"BASE={REGISTRY}/demo:pr-1",
        INPUT_CACHE="registry",
        INPUT_SBOM="false",
        INPUT_SCAN="false",
    )


def test_the_image_is_pushed_by_number_and_by_commit(built: Ended) -> None:
    assert built.code == 0, built.log
    assert {f"pr-{OPENED}", f"pr-{OPENED}-{SHA}"} <= tags("github-demo")
    assert built.outputs["image"].startswith(f"{REGISTRY}/github-demo@sha256:")


@pytest.fixture(scope="module")
def deployed(workspace: Workspace, built: Ended) -> Ended:
    return workspace.run("preview/run.py", **workspace.event(OPENED, INPUT_PR_IMAGE=built.outputs["image"]))


def test_a_deploy_ends_with_the_url_that_answers(deployed: Ended) -> None:
    assert deployed.code == 0, deployed.log
    assert (deployed.outputs["status"], deployed.outputs["namespace"]) == ("ready", f"demo-pr-{OPENED}")
    assert ask(f"{deployed.outputs['url']}/health").status == 200
    assert deployed.outputs["url"] in deployed.summary


def test_the_digest_is_what_runs(deployed: Ended, built: Ended, kubectl: Kubectl) -> None:
    running = kubectl("get", "deployment", "-n", f"demo-pr-{OPENED}", "-o", "jsonpath={..image}")
    assert built.outputs["image"] in running.split()


def test_an_odd_branch_is_on_record_letter_by_letter(deployed: Ended, kubectl: Kubectl) -> None:
    record = kubectl.json("get", "environment", "-n", "platform", f"demo-pr-{OPENED}")
    assert record["spec"]["branch"] == BRANCH


def test_nothing_of_a_run_stays_on_the_machine(workspace: Workspace, deployed: Ended) -> None:
    assert list(workspace.temporary.iterdir()) == []


def test_a_configuration_that_is_wrong_is_refused_with_2(workspace: Workspace, kubectl: Kubectl) -> None:
    (workspace.folder / "wrong.yaml").write_text("projectId: demo\nbanana: 1\n")
    ended = workspace.run("preview/run.py", **workspace.event(REFUSED, INPUT_PR_CONFIG="wrong.yaml"))
    assert (ended.code, ended.outputs["status"]) == (2, "refused")
    assert "banana" in ended.summary
    assert not kubectl.exists("namespace", f"demo-pr-{REFUSED}")


def until(what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def test_a_cancelled_deploy_leaves_a_true_record_within_githubs_patience(
    workspace: Workspace, kubectl: Kubectl
) -> None:
    def status() -> dict[str, Any]:
        found = kubectl("get", "environment", "-n", "platform", f"demo-pr-{CANCELLED}", "-o", "json", check=False)
        return dict(json.loads(found)["status"]) if found else {}

    began = time.monotonic()
    process = workspace.start("preview/run.py", **workspace.event(CANCELLED))
    until("the databases are waited for", lambda: status().get("step") == "data")
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    ended = workspace.end(process, began)
    assert time.monotonic() - asked < 10, "GitHub would have killed it"
    assert (ended.code, ended.outputs["status"]) == (130, "cancelled")
    assert status()["diagnosis"]["reason"] == "Cancelled"
    assert list(workspace.temporary.iterdir()) == []
    again = workspace.run("preview/run.py", **workspace.event(CANCELLED, INPUT_PR_SEQUENCE=str(NOW + 1)))
    assert again.outputs["status"] == "ready", again.log


def test_a_close_ends_with_everything_gone(workspace: Workspace, deployed: Ended, kubectl: Kubectl) -> None:
    gone = {"INPUT_PR": str(OPENED), "INPUT_PR_STATE": "absent", "INPUT_PR_PROJECT": "demo"}
    ended = workspace.run("preview/run.py", **gone, INPUT_PR_SEQUENCE=str(NOW + 2))
    assert (ended.code, ended.outputs["status"]) == (0, "destroyed"), ended.log
    assert not kubectl.exists("namespace", f"demo-pr-{OPENED}")
    again = workspace.run("preview/run.py", **gone, INPUT_PR_SEQUENCE=str(NOW + 3))
    assert (again.code, again.outputs["status"]) == (0, "absent")


def test_a_close_removes_the_tags_and_leaves_the_others(workspace: Workspace, built: Ended) -> None:
    assert "pr-1" in tags("demo")
    ended = workspace.run(
        "build/removal.py",
        INPUT_PR=str(OPENED),
        INPUT_NAMESPACE=f"github-demo-pr-{OPENED}",
        INPUT_REPOSITORY="",
        INPUT_REGISTRY=REGISTRY,
    )
    assert ended.code == 0, ended.log
    assert not [tag for tag in tags("github-demo") if tag.startswith(f"pr-{OPENED}")]
    assert "pr-1" in tags("demo")
    assert obeyed(ended.log) == []


@pytest.mark.slow
def test_a_step_takes_at_most_a_second_longer_than_ansible_playbook(workspace: Workspace) -> None:
    """With nothing to change, the better of five runs each, in turns: what else the machine does disturbs both."""
    event = workspace.event(MEASURED)
    assert workspace.run("preview/run.py", **event).outputs["status"] == "ready"
    variables = {
        "pr": MEASURED,
        "pr_config": str(DEMO / "k8s-ee.yaml"),
        "pr_image": f"{REGISTRY}/demo:pr-1",
        "pr_sha": SHA,
        "pr_sequence": NOW,
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(ROOT / "playbooks/pr.yml"), "-e"]
    with_it, without = [], []
    for _ in range(5):
        with_it.append(workspace.run("preview/run.py", **event).seconds)
        began = time.monotonic()
        subprocess.run(
            [*command, json.dumps(variables)],
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
            check=True,
            capture_output=True,
            timeout=300,
        )
        without.append(time.monotonic() - began)
    assert min(with_it) - min(without) <= 1.0, f"run.py {sorted(with_it)}, ansible-playbook {sorted(without)}"
