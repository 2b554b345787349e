# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as a cluster shows them when something is wrong: the smallest that is true to the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.suspects import Suspect

Manifest = dict[str, Any]

IMAGE = "registry.localhost:5000/shop:pr-7"
_POD = "app-7d9c-x"


def container(*, name: str = "app", image: str = IMAGE, memory: str = "384Mi", **more: Any) -> Manifest:
    """A container's spec, with the probes that our chart gives it."""
    check = {"httpGet": {"path": "/health", "port": "http"}}
    return {
        "name": name,
        "image": image,
        "ports": [{"name": "http", "containerPort": 3000}],
        "readinessProbe": check,
        "livenessProbe": check,
        "startupProbe": check,
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "200m", "memory": memory}},
        **more,
    }


def pod(
    name: str = _POD,
    *,
    component: str = "app",
    containers: tuple[Manifest, ...] = (),
    statuses: tuple[Manifest, ...] = (),
    init: tuple[Manifest, ...] = (),
    init_statuses: tuple[Manifest, ...] = (),
    owner: tuple[str, str] | None = None,
    status: Mapping[str, Any] | None = None,
    **metadata: Any,
) -> Manifest:
    """A pod; not ready unless ``status`` says so."""
    owners = [{"kind": owner[0], "name": owner[1]}] if owner else []
    labels = {"app.kubernetes.io/name": component, "app.kubernetes.io/component": component}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels, "ownerReferences": owners, **metadata},
        "spec": {"containers": list(containers or (container(),)), "initContainers": list(init)},
        "status": {
            "phase": "Pending",
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(init_statuses),
            **(status or {}),
        },
    }


def ready_pod(name: str = _POD, *, statuses: tuple[Manifest, ...] = (), **more: Any) -> Manifest:
    """A pod that is well."""
    condition = [{"type": "Ready", "status": "True"}]
    return pod(
        name, statuses=statuses or (running(ready=True),), status={"phase": "Running", "conditions": condition}, **more
    )


def waiting(reason: str, message: str = "", *, name: str = "app", **more: Any) -> Manifest:
    """The status of a container that has not started."""
    return {"name": name, "ready": False, "state": {"waiting": {"reason": reason, "message": message}}, **more}


def running(*, name: str = "app", ready: bool = False, **more: Any) -> Manifest:
    """The status of a container that runs."""
    return {"name": name, "ready": ready, "state": {"running": {"startedAt": "2026-01-01T10:00:00Z"}}, **more}


def crashed(exit_code: int, reason: str = "Error", *, restarts: int = 3, name: str = "app", **ended: Any) -> Manifest:
    """The status of a container in its back-off after a crash."""
    return {
        **waiting("CrashLoopBackOff", "back-off 20s restarting failed container", name=name),
        "restartCount": restarts,
        "lastState": {"terminated": {"exitCode": exit_code, "reason": reason, **ended}},
    }


def event(reason: str, message: str, *, about: Manifest | None = None, at: str = "2026-01-01T10:00:00Z") -> Manifest:
    """An event about an object, by default the application's pod."""
    told = about or {"kind": "Pod", "metadata": {"name": _POD}}
    involved = {"kind": told["kind"], "name": told["metadata"]["name"], "uid": told["metadata"].get("uid")}
    return {
        "kind": "Event",
        "metadata": {"name": f"{involved['name']}.{reason}"},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
    }


def replica_set(name: str = "app-7d9c", *, revision: str = "1", made: int = 1, **status: Any) -> Manifest:
    """A ReplicaSet of the Deployment ``app`` that wants one pod."""
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"kind": "Deployment", "name": "app"}],
        },
        "spec": {"replicas": 1},
        "status": {"replicas": made, **status},
    }


def claim(name: str = "data-postgresql-0", *, phase: str = "Pending") -> Manifest:
    """A claim of one gibibyte."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"storageClassName": "local-path", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": phase},
    }


def suspect(
    status: Manifest | None = None,
    *,
    log: str = "",
    events: tuple[Manifest, ...] = (),
    component: str = "app",
    spec: Manifest | None = None,
    is_init: bool = False,
    **pod_status: Any,
) -> Suspect:
    """A suspected container, or with no status a suspected pod."""
    spec = spec or container(name=(status or {}).get("name", "app"))
    accused = pod(component=component, containers=(spec,), statuses=(status,) if status else (), status=pod_status)
    return Suspect(
        object=accused, events=events, container=spec if status else {}, status=status or {}, log=log, is_init=is_init
    )
