# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment is supplied with and does not get: a volume, room on a node, an image, names."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3
import yaml

from .apiserver import ApiServer
from .conftest import Kubectl, Stage
from .demo import demo_config
from .endings import CLOSING, ended, failed, is_gone, serves
from .places import REGISTRY, ROOT
from .programs import stopped, without_pods
from .runs import Run, play, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SMALL = demo_config(databases={})
TIMEOUT_SECONDS = 10
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def closed(api: ApiServer, number: int) -> None:
    run = play("pr.yml", {"pr": number, "pr_state": "absent", "pr_project": "demo"})
    ended(run, "destroyed", number, way=CLOSING)
    is_gone(api, number)


@contextmanager
def storage_class(stage: Stage, name: str, *, binding: str) -> Iterator[str]:
    """A class of volumes whose provisioner nobody runs."""
    manifest = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "faults.example.org/nobody",
        "volumeBindingMode": binding,
    }
    path = stage.folder / "class.json"
    path.write_text(json.dumps(manifest))
    stage.kubectl("apply", "-f", str(path))
    try:
        yield name
    finally:
        stage.kubectl("delete", "storageclass", name)


def opened_with_class(stage: Stage, number: int, storage_class: str) -> Run:
    """`pr.yml` with one option of its module more."""
    (playbook,) = yaml.safe_load((ROOT / "playbooks/pr.yml").read_text())
    block = playbook["tasks"][0]["block"]
    block[1]["ephemeral.k8s.environment"]["storage_class"] = storage_class
    path = stage.folder / "pr.yml"
    path.write_text(yaml.safe_dump([playbook]))
    config = stage.folder / "k8s-ee.yaml"
    config.write_text(yaml.safe_dump(demo_config()))
    image = {"pr_config": str(config), "pr_image": f"{REGISTRY}/demo:pr-1"}
    options = {"preview_charts": str(ROOT / "charts"), "preview_timeout": TIMEOUT_SECONDS}
    return play(str(path), {"pr": number, **image, **options})


def is_named(stage: Stage, number: int, name: str) -> None:
    diagnosis = failed(opened_with_class(stage, number, name), number, timeout=TIMEOUT_SECONDS)
    assert diagnosis["phase"] == "data"
    assert diagnosis["object"] == "PersistentVolumeClaim/data-postgresql-0"
    assert diagnosis["reason"] == "VolumeNotProvisioned"
    for word in ("1Gi", f"storage class {name}"):
        assert word in diagnosis["message"]
    closed(stage.api, number)


def volume_of_a_class_that_is_not_there(stage: Stage) -> None:
    is_named(stage, 441, "no-such-class")


def volume_whose_provisioner_is_away(stage: Stage) -> None:
    with storage_class(stage, "faults-away", binding="Immediate") as name:
        is_named(stage, 442, name)


def volume_whose_provisioner_waits_for_a_pod_and_is_away(stage: Stage) -> None:
    with storage_class(stage, "faults-waits", binding="WaitForFirstConsumer") as name:
        is_named(stage, 443, name)


@pytest.mark.parametrize(
    "story",
    [
        volume_whose_provisioner_waits_for_a_pod_and_is_away,
        volume_of_a_class_that_is_not_there,
        volume_whose_provisioner_is_away,
    ],
    ids=lambda story: story.__name__,
)
def test_no(at_once, story):
    at_once[story].result()


def test_volumes_come_once_their_provisioner_is_back(pr, api, kubectl):
    with without_pods(kubectl, "local-path-provisioner", namespace="kube-system"):
        diagnosis = failed(pr(444, pr_sha="one", preview_timeout=TIMEOUT_SECONDS), 444, timeout=TIMEOUT_SECONDS)
    assert diagnosis["object"] == "PersistentVolumeClaim/data-postgresql-0"
    assert diagnosis["reason"] == "VolumeNotProvisioned"
    ended(pr(444, pr_sha="one"), "ready", 444)
    serves(api, 444)
    closed(api, 444)


def cpu_millis(quantity: str) -> int:
    return int(quantity.removesuffix("m")) if quantity.endswith("m") else round(float(quantity) * 1000)


def free_cpu_millis(kubectl: Kubectl) -> int:
    """What the node can still give to pods."""
    (node,) = kubectl.json("get", "nodes")["items"]
    pods = kubectl.json("get", "pods", "-A", "--field-selector=status.phase!=Succeeded,status.phase!=Failed")["items"]
    containers = [container for pod in pods for container in pod["spec"]["containers"]]
    asked = [each.get("resources", {}).get("requests", {}).get("cpu", "0") for each in containers]
    return cpu_millis(node["status"]["allocatable"]["cpu"]) - sum(map(cpu_millis, asked))


@contextmanager
def full_node(kubectl: Kubectl, folder: Any, *, leaving_millis: int) -> Iterator[None]:
    """A stranger's pod takes all the processor time of the node but so much."""
    cpu = f"{free_cpu_millis(kubectl) - leaving_millis}m"
    container = {"name": "greedy", "image": f"{REGISTRY}/demo:pr-1", "resources": {"requests": {"cpu": cpu}}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "greedy", "namespace": "default"}}
    path = folder / "greedy.json"
    path.write_text(json.dumps({**pod, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}))
    kubectl("delete", "pod", "greedy", "-n", "default", "--ignore-not-found", "--force", "--grace-period=0")
    kubectl("apply", "-f", str(path))
    try:
        kubectl("wait", "--for=condition=PodScheduled", "pod/greedy", "-n", "default", "--timeout=30s")
        yield
    finally:
        kubectl("delete", "pod", "greedy", "-n", "default", "--force", "--grace-period=0")


def test_a_node_without_room_is_told_with_the_sum_that_was_asked_for(pr, api, kubectl, tmp_path):
    with full_node(kubectl, tmp_path, leaving_millis=40):
        run = pr(445, config=SMALL, pr_sha="one", preview_timeout=TIMEOUT_SECONDS)
        diagnosis = failed(run, 445, timeout=TIMEOUT_SECONDS)
    assert diagnosis["phase"] == "app"
    assert diagnosis["object"].startswith("Pod/app-")
    assert diagnosis["reason"] == "Unschedulable"
    assert "asks for 50m CPU and 64Mi memory" in diagnosis["message"]
    assert "short: cpu" in diagnosis["message"]
    ended(pr(445, config=SMALL, pr_sha="one"), "ready", 445)
    serves(api, 445)
    closed(api, 445)


def new_tag(tag: str) -> str:
    """The demo's image under a tag that no node has seen."""
    manifests = f"http://127.0.0.1:{REGISTRY.partition(':')[2]}/v2/demo/manifests"
    with urllib3.PoolManager() as http:
        found = http.request("GET", f"{manifests}/pr-1", headers={"Accept": MANIFEST})
        assert found.status == 200, found.data
        kind = found.headers["Content-Type"]
        put = http.request("PUT", f"{manifests}/{tag}", body=found.data, headers={"Content-Type": kind})
        assert put.status == 201, put.data
    return f"{REGISTRY}/demo:{tag}"


def registry_answers() -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{REGISTRY.partition(':')[2]}/v2/", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_an_image_whose_registry_is_down_is_named_and_comes_with_the_next_run(pr, api):
    image = new_tag(f"pr-446-{time.time_ns()}")
    with stopped("registry"):
        run = pr(446, config=SMALL, pr_sha="one", pr_image=image, preview_timeout=2 * TIMEOUT_SECONDS)
        diagnosis = failed(run, 446, timeout=2 * TIMEOUT_SECONDS)
    assert diagnosis["phase"] == "app"
    assert diagnosis["object"].startswith("Pod/app-")
    assert diagnosis["reason"] == "RegistryUnreachable"
    assert image in diagnosis["message"]
    until("the registry answers again", registry_answers, seconds=30)
    ended(pr(446, config=SMALL, pr_sha="one", pr_image=image), "ready", 446)
    serves(api, 446)
    closed(api, 446)


def test_without_names_an_application_says_whom_it_cannot_find_and_comes_up_once_there_are_some(pr, api, kubectl):
    with without_pods(kubectl, "coredns", namespace="kube-system"):
        run = pr(447, pr_sha="one", preview_timeout=2 * TIMEOUT_SECONDS)
        diagnosis = failed(run, 447, timeout=2 * TIMEOUT_SECONDS)
    assert diagnosis["phase"] == "app", "the database needs no names"
    assert diagnosis["object"].startswith("Pod/app-")
    assert diagnosis["reason"] == "NameNotResolved"
    assert "postgresql" in diagnosis["message"]
    assert "could not translate host name" in diagnosis["log"]
    ended(pr(447, pr_sha="one"), "ready", 447)
    serves(api, 447)
    closed(api, 447)
