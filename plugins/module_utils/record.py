# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of an environment: one `Environment` object, written before anything is created, kept after destroy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from .clock import timestamp
from .errors import RefusedError
from .names import Identity
from .objects import Manifest, Ref
from .ports import Cluster

API_VERSION = "preview.k8s-ee/v1alpha1"
KIND = "Environment"

# What the CRD takes, in characters; `environments.preview.k8s-ee.yaml` of role guardrails says the same.
_LONGEST = {"repository": 256, "commit": 256, "branch": 1024, "author": 256, "image": 1024}

# The life of an environment as people see it; `status.step` says where inside Deploying or Destroying a run is.
DEPLOYING, READY, FAILED, REFUSED = "Deploying", "Ready", "Failed", "Refused"
DESTROYING, DESTROYED = "Destroying", "Destroyed"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What one event asks for.

    :param repository: ``owner/name``.
    :param repository_id: the forge's number of it, which a rename does not change; 0 where there is no forge.
    :param branch: for people to read, as is ``author``; cut where it is longer than a record takes.
    :param sequence: order of events of one pull request; higher is newer.
    :raises RefusedError: where a name that must stay whole is longer than a record takes.
    """

    identity: Identity
    repository: str
    repository_id: int
    sha: str
    branch: str
    author: str
    image: str
    sequence: int
    profile: str

    def __post_init__(self) -> None:
        whole = {"repository": self.repository, "commit": self.sha, "image": self.image}
        for name, text in whole.items():
            if len(text) > _LONGEST[name]:
                given = "pr_sha" if name == "commit" else f"pr_{name}"
                raise RefusedError(
                    f"{given} has {len(text)} characters and may have {_LONGEST[name]}: {text[:40]}...; shorten it"
                )
        for name in ("branch", "author"):
            object.__setattr__(self, name, getattr(self, name)[: _LONGEST[name]])

    def annotations(self) -> dict[str, str]:
        """What the Namespace tells a reader about its origin."""
        return {
            "k8s-ee/repository": self.repository,
            "k8s-ee/commit": self.sha,
            "k8s-ee/branch": self.branch,
            "k8s-ee/author": self.author,
        }


@dataclass(frozen=True, kw_only=True)
class Step:
    """One phase of a run and the wall time it took."""

    name: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Name and seconds, to a millisecond."""
        return {"name": self.name, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, kw_only=True)
class Status:
    """The status of a record; times are RFC 3339, absent ones None."""

    phase: str
    step: str | None = None
    run: str | None = None
    url: str | None = None
    sequence: int | None = None
    created_at: str | None = None
    updated_at: str | None = None
    ready_at: str | None = None
    destroyed_at: str | None = None
    expires_at: str | None = None
    phases: tuple[Step, ...] = ()
    diagnosis: Mapping[str, Any] | None = None
    condition: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    _NAMES: ClassVar[Mapping[str, str]] = {
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "readyAt": "ready_at",
        "destroyedAt": "destroyed_at",
        "expiresAt": "expires_at",
    }

    @classmethod
    def parse(cls, status: Mapping[str, Any]) -> Status:
        """From the API's object; keys that this version does not write are kept as they are."""
        times = {ours: status.get(theirs) for theirs, ours in cls._NAMES.items()}
        plain = {key: status.get(key) for key in ("step", "run", "url", "sequence", "diagnosis")}
        known = {*cls._NAMES, *plain, "phase", "phases", "conditions"}
        return cls(
            phase=status.get("phase", ""),
            condition=next(iter(status.get("conditions", ())), {}),
            phases=tuple(Step(name=p["name"], seconds=p["seconds"]) for p in status.get("phases", ())),
            extra={key: value for key, value in status.items() if key not in known},
            **times,
            **plain,
        )

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """The API's object; the condition ``Ready`` follows from the phase."""
        ready = "True" if self.phase == READY else "False"
        same = self.condition.get("status") == ready
        body: dict[str, Any] = {
            **self.extra,
            "phase": self.phase,
            "step": self.step,
            "run": self.run,
            "url": self.url,
            "sequence": self.sequence,
            "phases": [step.as_dict() for step in self.phases],
            "diagnosis": dict(self.diagnosis) if self.diagnosis else None,
            **{theirs: getattr(self, ours) for theirs, ours in self._NAMES.items()},
            "conditions": [
                {
                    "type": "Ready",
                    "status": ready,
                    "reason": self.phase,
                    "message": str((self.diagnosis or {}).get("message") or ""),
                    "lastTransitionTime": self.condition["lastTransitionTime"] if same else timestamp(now),
                }
            ],
        }
        return {key: value for key, value in body.items() if value is not None}


class Record:
    """The record of one environment in the cluster; only the run that holds the Lease writes it."""

    def __init__(self, cluster: Cluster, *, ref: Ref, found: Manifest | None) -> None:
        self._cluster = cluster
        self.ref = ref
        self.found = found
        self.status = Status.parse((found or {}).get("status", {}))

    @classmethod
    def read(cls, cluster: Cluster, *, namespace: str, identity: Identity) -> Record:
        """The record as it is now; ``found`` is None for an environment that never was."""
        ref = Ref(KIND, identity.namespace, namespace)
        return cls(cluster, ref=ref, found=cluster.get(ref))

    @property
    def spec(self) -> Mapping[str, Any]:
        """What was asked for last; empty where nothing was."""
        spec: Mapping[str, Any] = (self.found or {}).get("spec", {})
        return spec

    def clear(self) -> None:
        """Remove it: another repository's history and order of events say nothing about ours."""
        if self.found is not None:
            self._cluster.delete(self.ref, uid=self.found["metadata"]["uid"])
        self.found, self.status = None, Status.parse({})

    def write(self, spec: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Put what is asked for on record."""
        self.found = self._cluster.apply({**self._head(), "spec": dict(spec)} | self._labelled(labels))

    def update(self, now: datetime, **changes: Any) -> None:
        """Put a new state on record; ``changes`` are fields of Status."""
        self.status = replace(self.status, updated_at=timestamp(now), **changes)
        body = self.status.as_dict(now)
        self.status = replace(self.status, condition=body["conditions"][0])
        self._cluster.apply_status({**self._head(), "status": body})

    def _head(self) -> Manifest:
        metadata = {"name": self.ref.name, "namespace": self.ref.namespace}
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata}

    def _labelled(self, labels: Mapping[str, str]) -> Manifest:
        return {"metadata": {**self._head()["metadata"], "labels": dict(labels)}}


def spec_of(request: Request, config: Mapping[str, Any]) -> dict[str, Any]:
    """The record's spec for a request and its normalised configuration."""
    return {
        "project": request.identity.project,
        "pr": request.identity.pr,
        "repository": request.repository,
        "repositoryId": request.repository_id,
        "sequence": request.sequence,
        "commit": request.sha,
        "branch": request.branch,
        "author": request.author,
        "profile": request.profile,
        "image": request.image,
        "config": dict(config),
        "configHash": config_hash(config),
    }


def config_hash(config: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits that change when the normalised configuration does."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
