# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the workflows and actions: what strangers write is never run, and nothing cancels a close."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .expressions import holds

ROOT = Path(__file__).resolve().parents[3]
OURS = "ephemeral-k8s/ephemeral.k8s/"


def read(path: Path) -> dict[str, Any]:
    """A file with the key `on` by its name, which YAML 1.1 takes for a truth value."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else str(key): value for key, value in document.items()}


WORKFLOWS = {path.name: read(path) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
ACTIONS = {path.parent.name: read(path) for path in sorted((ROOT / ".github/actions").glob("*/action.yml"))}
ENVIRONMENT = WORKFLOWS["pr-environment-reusable.yml"]["jobs"]
JOBS = {f"{name}:{job}": content for name, each in WORKFLOWS.items() for job, content in each["jobs"].items()}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of every job and composite action, with where it stands."""
    for name, job in JOBS.items():
        yield from ((name, step) for step in job.get("steps", ()))
    for name, action in ACTIONS.items():
        yield from ((name, step) for step in action["runs"]["steps"])


STEPS = list(steps())


def checkouts(job: dict[str, Any]) -> list[dict[str, Any]]:
    """What a job checks out."""
    return [step["with"] for step in job.get("steps", ()) if step.get("uses", "").startswith("actions/checkout@")]


def takes_the_pull_request(job: dict[str, Any]) -> bool:
    """Whether a job checks out anything but the platform."""
    return any(each.get("path") != "platform" for each in checkouts(job))


def test_there_is_something_to_check() -> None:
    assert {"build", "comment", "create-namespace", "deploy", "destroy", "setup", "validate"} <= set(ACTIONS)
    assert {"decide", "build", "deploy", "destroy"} <= set(ENVIRONMENT)


@pytest.mark.parametrize(("where", "step"), STEPS, ids=[where for where, _ in STEPS])
def test_no_script_has_an_expression_in_it(where: str, step: dict[str, Any]) -> None:
    """GitHub pastes the value in: a branch named `$(...)` would run. Values come by `env`."""
    assert "${{" not in step.get("run", ""), where


@pytest.mark.parametrize(("where", "step"), STEPS, ids=[where for where, _ in STEPS])
def test_what_is_not_ours_is_pinned_by_its_whole_commit(where: str, step: dict[str, Any]) -> None:
    used = step.get("uses", "./")
    assert used.startswith("./") or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", used), where


def test_workflows_of_ours_are_called_from_main_or_from_their_own_commit() -> None:
    called = [job["uses"] for job in JOBS.values() if "uses" in job]
    assert called
    assert not [use for use in called if not re.fullmatch(rf"(?:\./|{re.escape(OURS)}).github/workflows/\S+", use)]
    # A path of the caller's own checkout would let a pull request bring the code that runs beside the cluster.
    for name in ("preview.yml", "preview-commands.yml"):
        assert [job["uses"].endswith("@main") for job in WORKFLOWS[name]["jobs"].values()] == [True]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_workflow_says_what_its_token_may(name: str) -> None:
    assert isinstance(WORKFLOWS[name]["permissions"], dict), "neither left out nor read-all nor write-all"


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if "reusable" in name])
def test_every_job_of_a_called_workflow_says_it_for_itself(name: str) -> None:
    assert isinstance(JOBS[name].get("permissions"), dict)


def test_a_caller_grants_what_the_jobs_ask_for_and_no_more() -> None:
    asked = {(scope, access) for job in ENVIRONMENT.values() for scope, access in job["permissions"].items()}
    highest = {scope: max(access for each, access in asked if each == scope) for scope, _ in asked}  # read < write
    assert WORKFLOWS["pr-command-reusable.yml"]["jobs"]["command"]["permissions"] == highest
    assert [WORKFLOWS[name]["permissions"] for name in ("preview.yml", "preview-commands.yml")] == [highest, highest]


@pytest.mark.parametrize("name", JOBS)
def test_no_checkout_leaves_a_token_behind(name: str) -> None:
    assert all(each.get("persist-credentials") is False for each in checkouts(JOBS[name]))


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if takes_the_pull_request(job)])
def test_no_job_of_pull_request_target_takes_the_pull_requests_files(name: str) -> None:
    assert "github.event_name != 'pull_request_target'" in JOBS[name]["if"]


def test_the_jobs_that_take_them_are_known() -> None:
    taking = {name for name, job in JOBS.items() if takes_the_pull_request(job)}
    assert taking == {"pr-environment-reusable.yml:build", "pr-environment-reusable.yml:deploy"}


def test_a_build_has_no_credential_of_the_cluster() -> None:
    build = ENVIRONMENT["build"]
    assert build["permissions"] == {"contents": "read", "packages": "write"}
    assert "deployer" not in build["runs-on"]
    assert "inventory" not in str(build["steps"])


def test_what_a_fork_brings_is_built_on_githubs_machines_and_leaves_no_cache() -> None:
    fork = {"needs": {"decide": {"outputs": {"profile": "fork"}}}, "inputs": {"builder": "ours"}}
    assert "needs.decide.outputs.profile == 'fork' && 'ubuntu-latest'" in ENVIRONMENT["build"]["runs-on"]
    assert holds("needs.decide.outputs.profile == 'fork'", fork)
    step = next(step for step in ENVIRONMENT["build"]["steps"] if step.get("id") == "build")
    assert "profile == 'fork' && 'none'" in step["with"]["cache"]


def test_nothing_cancels_a_close() -> None:
    groups = {name: job["concurrency"] for name, job in ENVIRONMENT.items() if "concurrency" in job}
    destroy = groups.pop("destroy")
    assert destroy["cancel-in-progress"] is False
    assert destroy["group"] not in {each["group"] for each in groups.values()}
    assert all("concurrency" not in workflow for workflow in WORKFLOWS.values())


@pytest.mark.parametrize("name", ["build", "deploy"])
def test_a_newer_push_replaces_an_older_one_of_the_same_pull_request_only(name: str) -> None:
    concurrency = ENVIRONMENT[name]["concurrency"]
    assert concurrency["cancel-in-progress"] is True
    assert "${{ github.repository_id }}" in concurrency["group"]
    assert "${{ needs.decide.outputs.number }}" in concurrency["group"]


def test_a_close_ends_the_build_that_runs() -> None:
    assert ENVIRONMENT["halt"]["concurrency"] == ENVIRONMENT["build"]["concurrency"]
    assert ENVIRONMENT["destroy"]["needs"] == "decide", "it waits for nothing else"


def comment(body: str, *, of: str = "User", pull_request: bool = True, action: str = "created") -> dict[str, Any]:
    issue = {"pull_request": {"url": "x"}} if pull_request else {}
    return event("issue_comment", action=action, issue=issue, comment={"body": body, "user": {"type": of}})


def event(name: str, **payload: Any) -> dict[str, Any]:
    return {"github": {"event_name": name, "event": payload}}


@pytest.mark.parametrize(
    ("happened", "environment", "command"),
    [
        (comment("/preview deploy"), True, True),
        (comment("/Preview destroy"), True, True),
        (comment("looks good"), False, False),
        (comment("> /preview deploy"), False, False),
        (comment("/preview deploy", of="Bot"), False, False),
        (comment("/preview deploy", pull_request=False), False, False),
        (
            event("issue_comment", action="edited", issue={"pull_request": {}}, comment={"body": "/preview"}),
            False,
            False,
        ),
        (event("pull_request", action="opened"), True, False),
        (event("pull_request", action="labeled", label={"name": "preview"}), True, True),
        (event("pull_request", action="labeled", label={"name": "preserve=true"}), True, False),
        (event("pull_request_target", action="labeled", label={"name": "preserve=true"}), True, True),
        (event("pull_request_target", action="labeled", label={"name": "bug"}), True, False),
        (event("pull_request_target", action="closed"), True, False),
        (event("workflow_dispatch", inputs={"pr": "7"}), True, False),
    ],
)
def test_what_is_no_command_starts_no_job(happened: dict[str, Any], environment: bool, command: bool) -> None:
    assert holds(ENVIRONMENT["decide"]["if"], happened) is environment
    assert holds(WORKFLOWS["pr-command-reusable.yml"]["jobs"]["command"]["if"], happened) is command


@pytest.mark.parametrize(
    ("action", "event_name", "image", "jobs"),
    [
        ("deploy", "pull_request", "", {"build"}),
        ("deploy", "pull_request", "ghcr.io/acme/shop@sha256:0", set()),
        ("deploy", "pull_request_target", "", set()),
        ("destroy", "pull_request_target", "", {"destroy", "halt"}),
        ("destroy", "issue_comment", "", {"destroy", "halt"}),
        ("ignore", "pull_request", "", set()),
        ("answer", "issue_comment", "", set()),
    ],
)
def test_a_decision_starts_its_own_jobs(action: str, event_name: str, image: str, jobs: set[str]) -> None:
    context = {
        "github": {"event_name": event_name},
        "inputs": {"image": image},
        "needs": {"decide": {"outputs": {"action": action}}},
    }
    assert {name for name in ("build", "destroy", "halt") if holds(ENVIRONMENT[name]["if"], context)} == jobs


@pytest.mark.parametrize(
    ("build", "image", "deploys"),
    [
        ("success", "", True),
        ("skipped", "ghcr.io/acme/shop@sha256:0", True),
        ("skipped", "", False),
        ("failure", "", False),
        ("cancelled", "", False),
    ],
)
def test_only_what_was_built_is_deployed_and_the_rest_is_reported(build: str, image: str, deploys: bool) -> None:
    deploy = "success" if deploys else "skipped"
    context = {
        "github": {"event_name": "pull_request"},
        "inputs": {"image": image},
        "needs": {
            "decide": {"outputs": {"action": "deploy"}},
            "build": {"result": build},
            "deploy": {"result": deploy},
        },
    }
    assert holds(ENVIRONMENT["deploy"]["if"], context) is deploys
    assert holds(ENVIRONMENT["report"]["if"], context) is (build in ("failure", "cancelled"))


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_describes_itself_and_its_inputs(name: str) -> None:
    action = ACTIONS[name]
    assert action["description"]
    for each in (*action.get("inputs", {}).values(), *action.get("outputs", {}).values()):
        assert each["description"]
    for each in action.get("inputs", {}).values():
        assert each.get("required") is True or "default" in each


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_starts_its_program_in_the_place_of_the_shell(name: str) -> None:
    """Bash keeps GitHub's signal to itself while it waits for a program."""
    assert all(step["run"].splitlines()[-1].startswith("exec ") for step in ACTIONS[name]["runs"]["steps"])


def test_every_input_that_a_step_gives_exists() -> None:
    for where, step in STEPS:
        if (used := step.get("uses", "")).startswith("./platform/.github/actions/"):
            action = ACTIONS[used.rpartition("/")[2]]
            inputs = action.get("inputs", {})
            assert set(step.get("with", {})) <= set(inputs), where
            required = {name for name, each in inputs.items() if each.get("required")}
            assert required <= set(step.get("with", {})), where


def test_every_output_that_is_read_is_given() -> None:
    text = (ROOT / ".github/workflows/pr-environment-reusable.yml").read_text()
    steps_by_id = {step["id"]: step for job in ENVIRONMENT.values() for step in job["steps"] if "id" in step}
    for identity, output in re.findall(r"steps\.([a-z]+)\.outputs\.([a-z-]+)", text):
        used = steps_by_id[identity].get("uses", "")
        assert not used or output in ACTIONS[used.rpartition("/")[2]]["outputs"], f"{identity}.{output}"
    for job, output in re.findall(r"needs\.([a-z]+)\.outputs\.([a-z-]+)", text):
        assert output in ENVIRONMENT[job]["outputs"], f"{job}.{output}"
