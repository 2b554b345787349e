# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a pull request on a real cluster, as developers live it."""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ansible_runner
import pytest

from .conftest import build_image
from .demo import URL, add, ask, demo_config, folders_of, texts
from .places import DEMO, REGISTRY, ROOT, STATE
from .runs import play

pytestmark = pytest.mark.pr

ODD_BRANCH = "feat/`odd` | <b>name</b> $(x)"
# Higher is newer, also than what an earlier session of these tests left on record.
NOW = int(time.time())


def phase_names(run):
    return [phase["name"] for phase in run.preview["phases"]]


@pytest.fixture(scope="module")
def opened(pr, kubectl):
    if kubectl.exists("namespace", "demo-pr-11"):  # left by a session that was killed
        play("pr.yml", {"pr": 11, "pr_state": "absent", "pr_project": "demo", "pr_sequence": NOW})
    return pr(11, pr_sha="first", pr_branch=ODD_BRANCH, pr_author="ada", pr_sequence=NOW + 1)


class TestOneEnvironment:
    """One environment from opening to close; each test goes on from the one before."""

    def test_opening_ends_ready_with_every_phase_timed(self, opened):
        assert opened.code == 0, opened.output
        assert opened.preview["status"] == "ready"
        assert opened.preview["url"] == URL.format(11)
        assert opened.preview["changed"] is True
        assert opened.preview["diagnosis"] is None
        assert phase_names(opened) == ["plan", "record", "admit", "guardrails", "data", "app", "probe"]

    def test_the_url_answers_over_tls_by_its_public_name(self, opened):
        answer = ask(URL.format(11))
        assert answer.status == 200
        assert b"<html" in answer.data.lower()

    def test_an_entry_is_written_and_read_back(self, opened):
        add(11, "kept")
        assert "kept" in texts(11)

    def test_the_same_again_changes_nothing(self, pr, opened, kubectl):
        def generations():
            found = kubectl.json("get", "deployment,statefulset", "-n", "demo-pr-11")["items"]
            return {item["metadata"]["name"]: item["metadata"]["generation"] for item in found}

        before = generations()
        again = pr(11, pr_sha="first", pr_branch=ODD_BRANCH, pr_author="ada", pr_sequence=NOW + 1)
        assert again.code == 0, again.output
        assert again.preview["status"] == "ready"
        assert again.preview["changed"] is False
        assert generations() == before

    def test_a_push_brings_the_new_image_and_keeps_the_data(self, pr, opened, kubectl, tmp_path):
        image = build_image("demo:pr-11-second", "ARG BASE\nFROM ${BASE}\nENV DEMO_EDITION=second\n", tmp_path)
        pushed = pr(11, pr_sha="second", pr_image=image, pr_sequence=NOW + 2)
        assert pushed.code == 0, pushed.output
        assert pushed.preview["changed"] is True
        running = kubectl.json("get", "pods", "-n", "demo-pr-11", "-l", "app.kubernetes.io/name=app")["items"]
        live = [pod for pod in running if not pod["metadata"].get("deletionTimestamp")]
        assert [pod["spec"]["containers"][0]["image"] for pod in live] == [image]
        assert "kept" in texts(11)

    def test_an_older_event_gives_way(self, pr, opened):
        late = pr(11, pr_sha="first", pr_sequence=NOW + 1)
        assert late.code == 0, late.output
        assert late.preview["status"] == "superseded"

    @pytest.mark.parametrize(
        ("name", "reason", "exit_code", "changes"),
        [
            ("a tag that is not there", "ImageNotFound", None, {"image": f"{REGISTRY}/demo:no-such-tag"}),
            ("a crash loop", "CrashLoop", 3, {"env": {"DEMO_FAIL": "crash"}}),
            ("health answering 500", "HealthCheckFailed", None, {"env": {"DEMO_FAIL": "health"}}),
        ],
    )
    def test_a_failed_push_says_why_and_data_survive(self, pr, opened, name, reason, exit_code, changes):
        config = demo_config(env={**demo_config().get("env", {}), **changes.get("env", {})})
        image = changes.get("image", f"{REGISTRY}/demo:pr-1")
        failed = pr(
            11, config=config, pr_sha=name.replace(" ", "-"), pr_image=image, pr_sequence=NOW + 3, preview_timeout=40
        )
        assert failed.code != 0
        assert failed.preview["status"] == "failed"
        diagnosis = failed.preview["diagnosis"]
        assert diagnosis["phase"] == "app"
        assert diagnosis["reason"] == reason, diagnosis
        assert diagnosis["exit_code"] == exit_code
        assert diagnosis["hint"]
        assert "Traceback" not in failed.output
        assert "kept" in texts(11), "the version before still serves"

    def test_a_repaired_push_is_ready_again(self, pr, opened):
        repaired = pr(11, pr_sha="repaired", pr_sequence=NOW + 4)
        assert repaired.code == 0, repaired.output
        assert "kept" in texts(11)

    def test_the_record_tells_the_state(self, opened, kubectl):
        table = kubectl("get", "environments", "-n", "platform", "demo-pr-11")
        assert "Ready" in table
        assert URL.format(11) in table

    def test_a_close_of_what_is_not_ours_is_refused(self, opened, kubectl):
        refused = play("pr.yml", {"pr": 11, "pr_state": "absent", "pr_project": "demo", "pr_repository": "evil/demo"})
        assert refused.code != 0
        assert refused.preview["status"] == "refused"
        assert "local/demo" in refused.preview["diagnosis"]["message"]
        assert "evil/demo" in refused.preview["diagnosis"]["message"]
        assert kubectl.exists("namespace", "demo-pr-11")

    def test_close_with_a_broken_config_leaves_nothing(self, opened, kubectl, api, tmp_path):
        broken = tmp_path / "k8s-ee.yaml"
        broken.write_text("projectId: [")
        (volume,) = api.volumes("demo-pr-11")
        folder = Path((volume["spec"].get("hostPath") or volume["spec"]["local"])["path"])
        assert folder.is_dir()
        closed = play(
            "pr.yml", {"pr": 11, "pr_state": "absent", "pr_config": str(broken), "pr_repository": "local/demo"}
        )
        assert closed.code == 0, closed.output
        assert closed.preview["status"] == "destroyed"
        assert closed.preview["url"] is None
        assert phase_names(closed) == ["lease", "delete", "verify"]
        assert not kubectl.exists("namespace", "demo-pr-11")
        assert api.volumes("demo-pr-11") == []
        assert not folder.exists()
        assert not kubectl.exists("lease", "-n", "platform", "demo-pr-11")
        assert ask(URL.format(11)).status == 404

    def test_a_second_close_finds_nothing(self, opened):
        again = play("pr.yml", {"pr": 11, "pr_state": "absent", "pr_project": "demo"})
        assert again.code == 0, again.output
        assert again.preview["status"] == "absent"
        assert again.preview["changed"] is False


def test_five_pull_requests_at_once_and_the_disk_back_after(pr, kubectl):
    numbers = range(21, 26)
    with ThreadPoolExecutor(5) as pool:
        opened = list(pool.map(lambda n: pr(n, pr_sha="one"), numbers))
        assert [run.preview.get("status") for run in opened] == ["ready"] * 5, [r.output for r in opened if r.code]
        for number in numbers:
            add(number, f"only in {number}")
        assert [texts(number)[0] for number in numbers] == [f"only in {number}" for number in numbers]
        assert len(folders_of(numbers)) == len(numbers)
        closed = list(
            pool.map(lambda n: play("pr.yml", {"pr": n, "pr_state": "absent", "pr_project": "demo"}), numbers)
        )
    assert [run.preview.get("status") for run in closed] == ["destroyed"] * 5
    assert not any(kubectl.exists("namespace", f"demo-pr-{number}") for number in numbers)
    assert folders_of(numbers) == []


def test_a_refused_configuration_names_every_fault_and_creates_nothing(pr, kubectl):
    refused = pr(
        31, config="projectId: Demo\nprojectid: demo\napp:\n  prot: 80\ndatabases:\n  postgresql:\n    version: 16\n"
    )
    assert refused.code != 0
    assert refused.preview["status"] == "refused"
    for named in ("projectId", "projectid", "app.prot", "databases.postgresql.version"):
        assert named in refused.preview["diagnosis"]["message"]
    assert "Traceback" not in refused.output
    assert not kubectl.exists("namespace", "demo-pr-31")
    assert not kubectl.exists("environment", "-n", "platform", "demo-pr-31")


def test_what_is_not_served_yet_is_refused_by_name(pr, kubectl):
    refused = pr(32, config=demo_config(databases={"redis": True, "postgresql": True}, metrics={"enabled": True}))
    assert refused.preview["status"] == "refused"
    assert "not yet supported: databases.redis" in refused.preview["diagnosis"]["message"]
    assert "not yet supported: metrics" in refused.preview["diagnosis"]["message"]
    assert not kubectl.exists("namespace", "demo-pr-32")


def test_a_configuration_larger_than_the_node_is_refused_with_the_sum(pr, kubectl):
    greedy = {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
    refused = pr(33, config=demo_config(resources=greedy, app={**demo_config()["app"], "replicas": 9}))
    assert refused.preview["status"] == "refused", refused.output
    assert "m" in refused.preview["diagnosis"]["message"]
    assert not kubectl.exists("namespace", "demo-pr-33")


def test_a_plan_touches_nothing_and_names_the_sums(kubectl):
    planned = play("plan.yml", {"pr": 34, "pr_config": str(DEMO / "k8s-ee.yaml"), "pr_image": f"{REGISTRY}/demo:pr-1"})
    assert planned.code == 0, planned.output
    for word in ("Deployment/app", "StatefulSet/postgresql", "cpu", "memory", "storage"):
        assert word in planned.output
    assert not kubectl.exists("namespace", "demo-pr-34")
    assert not kubectl.exists("environment", "-n", "platform", "demo-pr-34")
    assert not kubectl.exists("lease", "-n", "platform", "demo-pr-34")


def test_the_same_through_ansible_runner(kubectl, tmp_path):
    def run(name, **variables):
        folder = tmp_path / name
        folder.mkdir()
        previews = []

        def take(event):
            if event["event"] == "playbook_on_stats":
                previews.append(event["event_data"].get("artifact_data", {}).get("preview"))
            return True

        runner = ansible_runner.run(
            private_data_dir=str(folder),
            project_dir=str(ROOT),
            playbook="playbooks/pr.yml",
            inventory=str(ROOT / "inventories/sandbox"),
            extravars={"pr": 41, **variables},
            envvars={"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            event_handler=take,
            quiet=True,
        )
        return runner.rc, previews[-1], folder

    rc, preview, folder = run("open", pr_config=str(DEMO / "k8s-ee.yaml"), pr_image=f"{REGISTRY}/demo:pr-1", pr_sha="a")
    assert rc == 0
    assert preview["status"] == "ready"
    assert ask(f"{URL.format(41)}/health").status == 200
    password = kubectl.json("get", "secret", "-n", "demo-pr-41", "postgresql")["data"]["password"]
    artifacts = "".join(path.read_text() for path in (folder / "artifacts").rglob("*") if path.is_file())
    assert password not in artifacts
    rc, preview, _ = run("close", pr_state="absent", pr_project="demo")
    assert rc == 0
    assert preview["status"] == "destroyed"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        (
            {"preview_kubeconfig": "/nonexistent/kubeconfig"},
            "kubeconfig /nonexistent/kubeconfig: there is no such file",
        ),
        ({"preview_helm": "/nonexistent/helm"}, "/nonexistent/helm"),
        ({"preview_charts": "/nonexistent/charts"}, "/nonexistent/charts"),
        ({"preview_ca_file": "/nonexistent/ca.crt"}, "CA file /nonexistent/ca.crt"),
        ({"pr": "12; rm -rf /"}, "is not a pull request's number"),
        ({"pr": "0"}, "is not a pull request's number"),
        ({"pr_config": "/nonexistent/k8s-ee.yaml"}, "/nonexistent/k8s-ee.yaml"),
        ({"pr_profile": "fork"}, "not yet supported"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(variables, says, kubectl):
    asked = {"pr": 51, "pr_config": str(DEMO / "k8s-ee.yaml"), "pr_image": f"{REGISTRY}/demo:pr-1", **variables}
    failed = play("pr.yml", asked)
    assert failed.code != 0
    assert failed.preview["status"] in ("failed", "refused")
    assert says in failed.preview["diagnosis"]["message"]
    assert "\n" not in failed.preview["diagnosis"]["message"].strip() or "pr_config" in variables
    assert "Traceback" not in failed.output
    assert not kubectl.exists("namespace", "demo-pr-51")


def test_a_cluster_that_does_not_answer_is_one_clear_line(tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text((STATE / "admin.kubeconfig").read_text().replace(":6443", ":1"))
    failed = play(
        "pr.yml",
        {"pr": 52, "pr_config": str(DEMO / "k8s-ee.yaml"), "preview_kubeconfig": str(kubeconfig)},
    )
    assert failed.code != 0
    assert "cannot be reached: connection refused" in failed.preview["diagnosis"]["message"]
    assert failed.seconds < 15


def test_a_right_that_is_missing_is_named(kubectl, tmp_path):
    token = kubectl("create", "token", "default", "-n", "default").strip()
    config = json.loads(kubectl("config", "view", "--raw", "-o", "json"))
    config["users"] = [{"name": "nobody", "user": {"token": token}}]
    config["contexts"] = [{"name": "c", "context": {"cluster": config["clusters"][0]["name"], "user": "nobody"}}]
    config["current-context"] = "c"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    failed = play("pr.yml", {"pr": 53, "pr_config": str(DEMO / "k8s-ee.yaml"), "preview_kubeconfig": str(kubeconfig)})
    assert failed.code != 0
    message = failed.preview["diagnosis"]["message"]
    assert "forbidden" in message
    assert "system:serviceaccount:default:default" in message
    assert token not in failed.output


def test_a_branch_or_author_that_is_a_template_is_text_and_nothing_else(kubectl, tmp_path):
    template = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path) + "/ran') }}"
    names = ("pr_branch", "pr_author", "pr_sha", "pr_repository", "pr_project", "pr_profile", "pr_repository_id")
    for name in names:
        image = {"pr_config": str(DEMO / "k8s-ee.yaml"), "pr_image": f"{REGISTRY}/demo:pr-1"}
        play("plan.yml", {"pr": 55, **image, name: template})
    play("plan.yml", {"pr": template, "pr_config": str(DEMO / "k8s-ee.yaml")})
    assert not (tmp_path / "ran").exists()


def test_the_playbooks_work_by_their_collection_name_from_the_developers_folder(kubectl, tmp_path):
    shutil.copy(DEMO / "k8s-ee.yaml", tmp_path)
    image = {"pr": 54, "pr_image": f"{REGISTRY}/demo:pr-1"}
    planned = play("ephemeral.k8s.plan", image, folder=tmp_path)
    assert planned.code == 0, planned.output
    assert "Deployment/app" in planned.output
    assert not kubectl.exists("namespace", "demo-pr-54")
