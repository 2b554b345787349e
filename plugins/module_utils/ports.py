# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core asks of the outside: a cluster, a way to try a URL, a forge. Adapters serve it, tests fake it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .objects import Manifest, Ref
from .remnants import Remnant


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All objects of one kind that matched, and the version from which a watch goes on."""

    items: tuple[Manifest, ...]
    resource_version: str


@dataclass(frozen=True, kw_only=True)
class WatchEvent:
    """One change: ``ADDED``, ``MODIFIED`` or ``DELETED``, and the object after it."""

    type: str
    object: Manifest


class Watch(Protocol):
    """An open watch; ends by itself when the server ends it, or from another thread by :meth:`close`."""

    def __iter__(self) -> Iterator[WatchEvent]:
        """Changes as they come.

        :raises ClusterError: with status 410 where the version is too old: list again.
        """

    def close(self) -> None:
        """End it; safe to call twice, and while another thread reads."""


class Cluster(Protocol):
    """A Kubernetes API server. Every method raises ClusterError with the status where the server refuses."""

    def get(self, ref: Ref) -> Manifest | None:
        """One object, or None where there is none."""

    def list(self, kind: str, *, namespace: str = "", labels: str = "", fields: str = "") -> Listing:
        """Objects of a kind in one namespace, or in all where it is empty, by selectors; 404 for a kind not served."""

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply as our field manager, taking conflicts over; the object afterwards."""

    def apply_status(self, manifest: Manifest) -> Manifest:
        """The same for the status subresource."""

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create; status 409 where it exists."""

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace; status 409 where ``metadata.resourceVersion`` is no longer the newest."""

    def delete(self, ref: Ref, *, uid: str = "", version: str = "", grace_seconds: int | None = None) -> bool:
        """Ask for deletion in the background; False where there was nothing.

        ``uid`` guards against a namesake, ``version`` (the resource version) against a change.
        """

    def watch(self, kind: str, *, namespace: str = "", name: str = "", resource_version: str = "") -> Watch:
        """Changes after ``resource_version``."""

    def log(self, *, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        """The last lines of a container's log; empty where there is none."""

    def remnants(self, namespace: str) -> tuple[Remnant, ...]:
        """What a namespace holds, of every kind that the API serves."""

    def release(self, remnant: Remnant, *, keep: Sequence[str]) -> bool:
        """Leave an object only the finalizers in ``keep``; False where it has changed, or gone, meanwhile."""

    def finalize(self, namespace: Manifest) -> bool:
        """Take the finalizers of a Namespace's spec off; False where it has changed, or gone, meanwhile."""

    def guarded(self, check: Callable[[], None]) -> Cluster:
        """The same cluster; ``check`` is asked before each try of a write, and stops it by raising."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request through the ingress gave.

    :param status: HTTP status, or None where no answer came.
    :param error: why none came, in one line.
    """

    url: str
    status: int | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Any 2xx is healthy, an empty body too."""
        return self.status is not None and 200 <= self.status < 300


class Prober(Protocol):
    """A client of the environment's public URL."""

    def __call__(self, url: str) -> Answer:
        """Ask once, with TLS verified and the public host name."""


class Renderer(Protocol):
    """Turns a chart and values into objects."""

    def template(self, chart: str, *, release: str, namespace: str, values: Mapping[str, Any]) -> list[Manifest]:
        """The objects of a chart.

        :param chart: its folder.
        :raises RefusedError: where program or chart are missing, or the chart does not take the values.
        """


@dataclass(frozen=True, kw_only=True)
class Comment:
    """One comment under a pull request.

    :param author: login of whoever wrote it.
    :param url: where people read it.
    """

    id: int
    author: str
    body: str
    url: str = ""


class Forge(Protocol):
    """One repository of a forge. Every method raises ForgeError where the forge refuses, or stays away."""

    @property
    def requests(self) -> int:
        """How many requests were sent."""

    def comments(self, pr: int) -> Iterator[tuple[Comment, ...]]:
        """The comments of a pull request, oldest first, a page at a time; a page costs one request."""

    def create_comment(self, pr: int, body: str) -> Comment:
        """Write a comment; never tried again by itself where it may have taken effect."""

    def edit_comment(self, comment: int, body: str) -> Comment:
        """Replace a comment's text; status 404 where somebody deleted it."""

    def delete_comment(self, comment: int) -> None:
        """Take a comment away; nothing where it is gone."""

    def react(self, comment: int, reaction: str) -> None:
        """Put a reaction, such as ``eyes``, under a comment; nothing where it is there."""

    def set_status(self, sha: str, *, state: str, context: str, description: str, url: str) -> None:
        """Put a status on a commit: ``pending``, ``success``, ``failure`` or ``error``."""

    def create_deployment(self, sha: str, *, task: str, description: str) -> int:
        """Begin a transient deployment of a commit; its number. Not tried again where it may have taken effect."""

    def deployments(self, *, task: str, sha: str = "") -> tuple[int, ...]:
        """The newest deployments of a task, newest first."""

    def set_deployment(self, deployment: int, *, state: str, description: str, url: str, log_url: str) -> None:
        """Put a status on a deployment: ``success``, ``failure``, ``error`` or ``inactive``."""

    def permission(self, login: str) -> Mapping[str, Any]:
        """What somebody may do in the repository, as the forge answers; empty for nobody it knows."""

    def pull(self, pr: int) -> Mapping[str, Any]:
        """A pull request, as the forge answers."""
