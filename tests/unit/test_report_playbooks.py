# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that tell a pull request, run for real against a server on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.servers import Respond, Server, drops, says, serving
from tests.unit.views import SHA

ROOT = Path(__file__).resolve().parents[2]
SECRET = "ghs_" + "a1B2" * 9
ODD = "feat/`odd` {{ lookup('pipe', 'touch /tmp/never') }} | <b> @you"
EVENT = {"pr": "7", "pr_repository": "acme/shop", "pr_sha": SHA, "pr_branch": ODD, "pr_sequence": 1764000000}


@pytest.fixture
def github() -> Iterator[Server]:
    with serving() as server:
        yield server


def play(folder: Path, server: Server, name: str, **variables: Any) -> tuple[int, str, dict[str, Any]]:
    """Exit code, output and statistics of a playbook."""
    given = {"preview_kubeconfig": str(folder / "none"), **EVENT, **variables}
    (folder / "event.json").write_text(json.dumps(given))
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", f"playbooks/{name}.yml", "-e", f"@{folder}/event.json"],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_SHOW_CUSTOM_STATS": "true",
            "GITHUB_API_URL": server.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_RUN_ID": "99",
            "GITHUB_TOKEN": SECRET,
            "KUBECONFIG": str(folder / "none"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    stats = output.partition("RUN: ")[2].partition("\n")[0]
    return done.returncode, output, json.loads(stats or "{}")


def answers() -> list[Respond]:
    """To the look, the deployment, the status and the comment, in the order of a first report."""
    return [says([]), says({}, 201), says({"id": 42}, 201), says({"id": 5, "html_url": "https://x/5"}, 201)]


def told(server: Server) -> str:
    """The text of the comment that was written last."""
    return str(next(asked.body["body"] for asked in reversed(server.asked) if "body" in (asked.body or {})))


@pytest.mark.parametrize(
    ("status", "title"), [("building", "Preview is being built"), ("failed", "the image of this commit was not built")]
)
def test_a_build_is_told_before_and_after_and_its_comment_handed_on(
    tmp_path: Path, github: Server, status: str, title: str
) -> None:
    github.answers = answers()
    code, output, stats = play(tmp_path, github, "comment", pr_status=status)
    assert code == 0, output
    assert title in told(github)
    assert "https://github.com/acme/shop/actions/runs/99" in told(github)
    assert "{{ lookup('pipe', 'touch /tmp/never') }}" in told(github)
    assert stats["outputs"]["reported"] is True
    if status == "building":
        assert json.loads(stats["outputs"]["comment"])["id"] == 5
    assert SECRET not in output


def test_a_github_that_is_away_is_said_and_fails_nothing(tmp_path: Path, github: Server) -> None:
    github.answers = [drops] + [says({"message": "secondary rate limit"}, 429, Retry_After="999")] * 9
    code, output, stats = play(tmp_path, github, "comment", pr_status="building")
    assert code == 0, output
    assert stats["outputs"] == {"reported": False, "comment": ""}
    assert "127.0.0.1 does not let us read the comments of pull request 7" in output
    assert SECRET not in output


@pytest.mark.parametrize("reports", [True, False])
def test_a_refused_configuration_is_told_unless_nothing_is_to_be(tmp_path: Path, github: Server, reports: bool) -> None:
    github.answers = [says([]), says({}, 201), says({"id": 5}, 201)]
    config = tmp_path / "k8s-ee.yaml"
    config.write_text("projectId: shop\nprot: 1\n")
    code, output, stats = play(tmp_path, github, "pr", pr_config=str(config), pr_report=reports, pr_repository_id=42)
    assert code == 2, output
    assert stats["preview"]["status"] == "refused"
    assert bool(github.asked) is reports
    if reports:
        assert "Preview was refused" in told(github)
        assert "prot: unknown key" in told(github)
    assert SECRET not in output


@pytest.mark.parametrize("handed_on", ["", "{no comment"])
def test_a_deploy_is_told_as_it_begins_and_as_it_ends(tmp_path: Path, github: Server, handed_on: str) -> None:
    """There is no cluster here, so it fails. What was handed on wrongly costs the first report, and nothing else."""
    github.answers = [*answers(), says({}, 201), says({"id": 1}, 201), says({"id": 5})]
    config = tmp_path / "k8s-ee.yaml"
    config.write_text("projectId: shop\n")
    code, output, stats = play(tmp_path, github, "pr", pr_config=str(config), pr_repository_id=42, pr_comment=handed_on)
    assert code == 2, output
    assert stats["preview"]["status"] == "failed"
    assert "Preview failed" in told(github)
    if not handed_on:
        texts = [asked.body["body"] for asked in github.asked if "body" in (asked.body or {})]
        assert "Preview is being deployed" in texts[0]
        assert [asked.method for asked in github.asked] == ["GET", *["POST"] * 5, "PATCH"]
    assert SECRET not in output
