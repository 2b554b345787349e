# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis is made from, read from the cluster once a phase has failed."""

from __future__ import annotations

import base64
from collections.abc import Collection
from concurrent.futures import Executor

from .diagnosis import Diagnosis, Snapshot, diagnose
from .environment import World
from .objects import Manifest
from .ports import Answer, Cluster

# What a crash says, it says last. One that runs has been asked by its probe each second since it said something.
CRASH_LINES = 40
RUNNING_LINES = 200
# The kubelet cuts a log into lines of 16 KiB; removing secrets from more than this would take longer than reading it.
_MOST_CHARACTERS = 256 * 1024
_WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "PersistentVolumeClaim", "ResourceQuota")


def gather(
    cluster: Cluster,
    *,
    namespace: str,
    pool: Executor,
    answer: Answer | None = None,
    leaving: Collection[str] = (),
) -> Snapshot:
    """Pods, events, workloads and the last log lines of every container that is not well, or has not always been.

    Once the probe was reached, of every container: all of them may be well, and what the URL answered is in a log.

    :param leaving: names of workloads that go with this run; what ails them explains nothing of it.
    :param answer: what the ingress said last, where the probe was reached.
    """
    pods_answer = pool.submit(cluster.list, "Pod", namespace=namespace)
    events_answer = pool.submit(cluster.list, "Event", namespace=namespace)
    workloads = [pool.submit(cluster.list, kind, namespace=namespace) for kind in _WORKLOADS]
    pods = tuple(pod for pod in pods_answer.result().items if _stays(pod, leaving))
    logs = {
        f"{pod['metadata']['name']}/{container['name']}": pool.submit(
            cluster.log,
            namespace=namespace,
            pod=pod["metadata"]["name"],
            container=container["name"],
            previous=_runs_again(container),
            lines=RUNNING_LINES if _runs(container) and not _runs_again(container) else CRASH_LINES,
        )
        for pod in pods
        for container in _containers(pod)
        if answer is not None or not container.get("ready") or container.get("restartCount")
    }
    return Snapshot(
        pods=pods,
        events=events_answer.result().items,
        objects=tuple(item for listing in workloads for item in listing.result().items if _stays(item, leaving)),
        logs={name: _end(log.result()) for name, log in logs.items()},
        probe=answer,
    )


def _end(log: str) -> str:
    """The last lines of a long log, whole ones, but for a single one that is longer than all."""
    if len(log) <= _MOST_CHARACTERS:
        return log
    end = log[-_MOST_CHARACTERS:]
    return end.partition("\n")[2] or end


def _stays(obj: Manifest, leaving: Collection[str]) -> bool:
    return obj["metadata"].get("labels", {}).get("app.kubernetes.io/name") not in leaving


def explain(
    world: World,
    place: str,
    phase: str,
    *,
    answer: Answer | None = None,
    leaving: Collection[str] = (),
    private: Collection[str] = (),
) -> Diagnosis:
    """Why a phase failed, from what the cluster shows now.

    :param private: texts that must not be shown, besides the databases' passwords.
    """
    snapshot = gather(world.cluster, namespace=place, pool=world.pool, answer=answer, leaving=leaving)
    return diagnose(phase, snapshot, secrets=(*passwords(world.cluster, namespace=place), *private))


def passwords(cluster: Cluster, *, namespace: str) -> tuple[str, ...]:
    """The databases' passwords, so that a log line which holds one can be shown without it."""
    secrets = cluster.list("Secret", namespace=namespace, labels="app.kubernetes.io/component=database").items
    encoded = [secret.get("data", {}).get("password", "") for secret in secrets]
    return tuple(base64.b64decode(text).decode("utf-8", "replace") for text in encoded if text)


def _containers(pod: Manifest) -> list[Manifest]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]


def _runs(container: Manifest) -> bool:
    return "running" in container.get("state", {})


def _runs_again(container: Manifest) -> bool:
    # Only then does the previous log tell of the crash. Between two tries the current one does: the kubelet keeps but
    # one dead container, and answers for the one before it that it cannot retrieve its log.
    return container.get("restartCount", 0) > 0 and _runs(container)
