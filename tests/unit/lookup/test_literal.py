# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of strangers is handed over letter by letter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "dest": "{{ out }}",
                    "content": "{{ lookup('ephemeral.k8s.literal', 'pr_branch', default='unknown') }}",
                }
            }
        ],
    }
]


def taken(folder, *arguments):
    """What a task gets of `pr_branch`, in a real run."""
    (folder / "play.yml").write_text(json.dumps(PLAY))
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", folder / "play.yml", "-e", f"out={folder}/out", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "out").read_text()


@pytest.mark.parametrize("way", ["inline", "file"])
def test_a_branch_that_is_a_template_runs_nothing(tmp_path, way):
    branch = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path) + "/ran') }}"
    given = json.dumps({"pr_branch": branch})
    if way == "file":
        (tmp_path / "extravars.json").write_text(given)
        given = f"@{tmp_path}/extravars.json"
    assert taken(tmp_path, "-e", given) == branch
    assert not (tmp_path / "ran").exists()


def test_what_is_not_given_is_the_default(tmp_path):
    assert taken(tmp_path) == "unknown"


def test_odd_letters_stay_as_they_are(tmp_path):
    branch = "feat/`odd` | <b>ü😀</b> $(x) %s"
    assert taken(tmp_path, "-e", json.dumps({"pr_branch": branch})) == branch
