# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do to an environment: each brings it about for the time of a run, and undoes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import cpu_millis

from .conftest import REGISTRY, Kubectl, Run
from .registries import RefusingRegistry

LEFT_MILLIS = 900
"""CPU that a filled node keeps for all environments together; whichever asks for more does not fit."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One environment that something will be done to.

    :param open: runs it with a healthy configuration, with changes of that.
    :param folder: for whatever has to be written; nobody else's.
    """

    number: int
    namespace: str
    kubectl: Kubectl
    registry: RefusingRegistry
    folder: Path
    open: Callable[..., Run]

    def create(self, manifest: dict[str, Any]) -> None:
        """Create an object that is not ours."""
        path = self.folder / f"{manifest['kind']}.json"
        path.write_text(json.dumps({"apiVersion": "v1", **manifest}))
        self.kubectl("apply", "-f", str(path))


@contextmanager
def pod_of_a_stranger(situation: Situation) -> Iterator[None]:
    """A pod that runs in the namespace, for the room of one."""
    opened(situation)
    situation.create(
        {"kind": "Pod", "metadata": {"name": "stranger", "namespace": situation.namespace}, "spec": sleeper("10m")}
    )
    yield
    situation.kubectl("delete", "pod", "stranger", "-n", situation.namespace, "--now")


@contextmanager
def quota_of_a_stranger(situation: Situation) -> Iterator[None]:
    """A quota with room for the one Service that is there."""
    opened(situation)
    namespace = ("-n", situation.namespace)
    situation.kubectl("create", "quota", "strangers", "--hard=services=1", *namespace)
    situation.kubectl(
        "wait", "quota/strangers", *namespace, "--for=jsonpath={.status.used.services}=1", "--timeout=30s"
    )
    yield


@contextmanager
def secret_of_a_stranger(situation: Situation) -> Iterator[None]:
    """A Secret of the database's name that lacks its password."""
    opened(situation)
    keys = [f"--from-literal={key}=app" for key in ("username", "database", "url", "host", "port")]
    situation.kubectl("create", "secret", "generic", "postgresql", "-n", situation.namespace, *keys)
    yield


@contextmanager
def old_data(situation: Situation) -> Iterator[None]:
    """Data that claim to be of another PostgreSQL, and a pod that starts anew on them."""
    opened(situation, databases={"postgresql": True})
    claim = f"{situation.namespace}/data-postgresql-0"
    (volume,) = (
        each
        for each in situation.kubectl.json("get", "pv")["items"]
        if "{namespace}/{name}".format(**each["spec"].get("claimRef", {"namespace": "", "name": ""})) == claim
    )
    folder = Path((volume["spec"].get("hostPath") or volume["spec"]["local"])["path"])
    (folder / "pgdata/PG_VERSION").write_text("14\n")
    situation.kubectl("delete", "pod", "postgresql-0", "-n", situation.namespace, "--now")
    yield


@contextmanager
def filled_node(situation: Situation) -> Iterator[None]:
    """A pod elsewhere that leaves of the node's CPU but LEFT_MILLIS to all environments, whichever come and go."""
    place = f"stranger-{situation.number}"
    # What a session that was killed left behind.
    situation.kubectl("delete", "namespace", place, "--ignore-not-found", "--timeout=60s")
    situation.kubectl("create", "namespace", place)
    try:
        amount = f"{_millis_for_environments(situation.kubectl) - LEFT_MILLIS}m"
        situation.create({"kind": "Pod", "metadata": {"name": "filler", "namespace": place}, "spec": sleeper(amount)})
        # It may have to wait for environments of others that are just closing.
        situation.kubectl("wait", "pod/filler", "-n", place, "--for=condition=PodScheduled", "--timeout=90s")
        yield
    finally:
        situation.kubectl("delete", "namespace", place, "--wait=false")


def opened(situation: Situation, **changes: Any) -> None:
    """Have the environment live, as it was before whatever comes."""
    run = situation.open(**changes)
    assert run.code == 0, run.output


def sleeper(cpu: str) -> dict[str, Any]:
    """The spec of a pod that does nothing, within the restricted level."""
    amounts = {"cpu": cpu, "memory": "16Mi"}
    return {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "sleeper",
                "image": f"{REGISTRY}/demo:pr-1",
                "command": ["sleep", "600"],
                "resources": {"requests": amounts, "limits": amounts},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    }


def _millis_for_environments(kubectl: Kubectl) -> int:
    """What the platform's own pods leave of the node."""
    (node,) = kubectl.json("get", "nodes")["items"]
    asked = sum(
        cpu_millis(container.get("resources", {}).get("requests", {}).get("cpu", "0"))
        for pod in kubectl.json("get", "pods", "-A")["items"]
        if pod["metadata"]["namespace"] in ("kube-system", "platform")
        for container in pod["spec"]["containers"]
    )
    return cpu_millis(node["status"]["allocatable"]["cpu"]) - asked
