# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`run.py` from its inputs to its exit code, as a process of its own with the real ansible-runner."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Done, Job
from .job_reader import obeyed

SECRET = "hunter2-hunter2"
# What a playbook sees of the run that it is part of, and the noise that an application may make in it.
LOOK = """\
- name: Look around
  ansible.builtin.shell: |
    cd "$AWX_ISOLATED_DATA_DIR/../.."
    stat -c '%a %n' . env/extravars
    tr '\\0' ' ' < /proc/$PPID/cmdline
    pwd
    env | grep -c '^ANSIBLE_CALLBACK_PLUGINS=/evil' || true
    env | grep '^ACTIONS_RUNTIME_TOKEN' || true
  register: seen
- name: Repeat what a stranger wrote
  ansible.builtin.debug:
    msg:
      - "{{ pr_branch }}"
      - "::add-path::/tmp/evil"
      - "##[add-path]/tmp/evil"
      - "{{ lookup('ansible.builtin.env', 'GITHUB_TOKEN') }}"
- name: Hand over the result
  ansible.builtin.set_stats:
    aggregate: false
    data:
      preview:
        status: "{{ pr_state }}"
        url: https://shop-pr-7.example.org
        namespace: shop-pr-7
        changed: true
        phases: [{name: plan, seconds: 0.2}]
        diagnosis:
        seen: "{{ seen.stdout_lines }}"
        read: "{{ lookup('ansible.builtin.env', 'GITHUB_TOKEN') }}"
"""
BRANCH = "a`b|<c>$(d){{ lookup('ansible.builtin.pipe', 'touch pwned') }}"


@pytest.fixture(scope="module")
def looked(new_job: Callable[[], Job]) -> tuple[Job, Done, dict[str, Any]]:
    """A run that looked around, and what it saw."""
    job = new_job()
    job.playbook(LOOK)
    done = job.run(
        INPUT_PR_STATE="ready",
        INPUT_PR_BRANCH=BRANCH,
        GITHUB_TOKEN=SECRET,
        ACTIONS_RUNTIME_TOKEN="of-the-runtime",
        ANSIBLE_CALLBACK_PLUGINS="/evil",
    )
    return job, done, json.loads(done.outputs["preview"])


Looked = tuple[Job, Done, dict[str, Any]]


def test_a_good_run_ends_with_0_and_its_outputs(looked: Looked) -> None:
    _, done, _ = looked
    assert done.code == 0, done.log
    assert (done.outputs["status"], done.outputs["namespace"]) == ("ready", "shop-pr-7")
    assert done.outputs["url"] == "https://shop-pr-7.example.org"
    assert "The preview is ready" in done.summary


def test_the_directory_is_private_and_gone_afterwards(looked: Looked) -> None:
    job, _, preview = looked
    directory, variables = preview["seen"][:2]
    assert directory == "700 ."
    assert variables == "600 env/extravars"
    assert list(job.temporary.iterdir()) == []


def test_no_variable_stands_on_the_command_line(looked: Looked) -> None:
    _, _, preview = looked
    assert not [line for line in preview["seen"] if "lookup" in line or SECRET in line]


def test_a_branch_that_is_a_template_is_only_text(looked: Looked) -> None:
    job, done, _ = looked
    assert BRANCH in done.log
    assert list(job.folder.rglob("pwned")) == []


def test_a_secret_reaches_the_playbook_and_nobody_else(looked: Looked) -> None:
    _, done, preview = looked
    assert preview["read"] == "***", "the playbook read the secret, and the output hides it"
    assert obeyed(done.log).count(("add-mask", SECRET)) == 1
    shown = [line for line in done.log.splitlines() if SECRET in line and not line.startswith("::add-mask::")]
    assert (shown, SECRET in done.summary) == ([], False)


def test_the_jobs_own_credentials_and_settings_of_others_stay_outside(looked: Looked) -> None:
    _, _, preview = looked
    assert preview["seen"][-1] == "0"


def test_the_log_has_a_group_for_each_play_and_a_line_for_each_task(looked: Looked) -> None:
    _, done, _ = looked
    commands = [(name, value) for name, value in obeyed(done.log) if name != "add-mask"]
    assert commands == [("group", "The play"), ("endgroup", "")]
    assert " s  Repeat what a stranger wrote\n" in done.log


def test_the_exit_code_is_that_of_the_result(job: Job) -> None:
    job.playbook(LOOK)
    done = job.run(INPUT_PR_STATE="refused", INPUT_PR_BRANCH="b")
    assert (done.code, done.outputs["status"]) == (2, "refused")


def test_a_playbook_that_ends_without_a_result_has_failed_and_says_its_last_words(job: Job) -> None:
    job.playbook("- name: Do what nobody knows\n  ansible.builtin.nothing_like_this:")
    done = job.run()
    assert (done.code, done.outputs["status"]) == (1, "failed")
    assert "nothing_like_this" in json.loads(done.outputs["preview"])["diagnosis"]["log"]
    assert ("error", "ansible-playbook ended with 4 before it could tell how") in obeyed(done.log)
    assert list(job.temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"INPUT_INVENTORY": ""}, "no inventory: give the input, or set EPHEMERAL_K8S_INVENTORY on the runner"),
        ({"INPUT_INVENTORY": "../../temp"}, "inventory is '../../temp', which leads out of inventories/"),
        ({"INPUT_INVENTORY": "two"}, "does not exist"),
        ({"INPUT_PLAYBOOK": "../../x"}, "playbook is '../../x.yml', which leads out of playbooks/"),
        ({"INPUT_PLAYBOOK": "site"}, "playbook 'site' does not exist"),
        ({"INPUT_PR_CONFIG": "/etc/passwd"}, "pr_config is '/etc/passwd', which leads out of workspace/"),
        ({"INPUT_VARIABLES": '{"preview_helm": "/tmp/x"}'}, "variables names 'preview_helm'"),
    ],
)
def test_an_input_that_cannot_be_used_is_refused_before_anything_runs(
    job: Job, environment: dict[str, str], says: str
) -> None:
    job.playbook("- name: Never\n  ansible.builtin.fail:")
    done = job.run(**environment)
    assert (done.code, done.outputs["status"]) == (2, "refused")
    assert says in done.log
    assert "::group::" not in done.log


def wait_for(path: Path) -> None:
    """Until the file is there."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never appeared"
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_cancelled_run_ends_after_the_last_of_its_processes(job: Job, number: signal.Signals, code: int) -> None:
    words = job.folder / "last-words"
    started = job.folder / "started"
    job.playbook(
        "- name: Work\n  ansible.builtin.shell: |\n"
        f"    exec 2>/dev/null\n    trap 'sleep 1; echo said > {words}; exit' TERM\n    touch {started}\n"
        "    sleep 60 & wait"
    )
    process = job.start()
    wait_for(started)
    process.send_signal(number)
    process.send_signal(number)
    done = job.end(process)
    assert (done.code, done.outputs["status"]) == (code, "cancelled")
    assert words.read_text() == "said\n", "the run ended before what it had started"
    assert ("error", f"the run was asked to stop ({number.name})") in obeyed(done.log)
    assert list(job.temporary.iterdir()) == []


def test_a_run_cancelled_before_it_began_starts_nothing_that_stays(job: Job) -> None:
    job.playbook(
        f"- name: Work\n  ansible.builtin.command: sleep 60\n- name: Late\n  ansible.builtin.file:\n"
        f"    path: {job.folder}/late\n    state: touch"
    )
    process = job.start()
    wait_for(job.temporary)
    deadline = time.monotonic() + 30
    while not list(job.temporary.iterdir()):
        assert time.monotonic() < deadline, "the run never began"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    done = job.end(process)
    assert (done.code, done.outputs["status"]) == (130, "cancelled")
    assert not (job.folder / "late").exists()
    assert list(job.temporary.iterdir()) == []


def test_what_a_killed_ansible_leaves_behind_is_asked_to_stop_and_awaited(job: Job) -> None:
    words, started = job.folder / "last-words", job.folder / "started"
    job.playbook(
        "- name: Work\n  ansible.builtin.shell: |\n"
        f"    exec 2>/dev/null\n    trap 'sleep 1; echo said > {words}; exit' TERM\n"
        f"    ps -o ppid= -p $(ps -o sid= -p $$) > {started}.new; mv {started}.new {started}\n    sleep 60 & wait"
    )
    process = job.start()
    wait_for(started)
    os.kill(int(started.read_text()), signal.SIGKILL)
    done = job.end(process)
    assert (done.code, done.outputs["status"]) == (1, "failed")
    assert words.read_text() == "said\n"
    assert list(job.temporary.iterdir()) == []
