# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`app`, `image` and `services`: what runs, from which image, and how one asks whether it is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .databases import ALIASES, KINDS
from .declaration import declared
from .reading import Path, Reading
from .resources import DEFAULT_RESOURCES, Resources, ResourcesRule
from .rules import (
    COMMAND,
    ENV,
    IMAGE_REPOSITORY,
    PORT,
    REPLICAS,
    REPOSITORY_PATH,
    SECRETS,
    SERVICE_NAME,
    SERVICE_NAME_RULE,
    UID,
    URL_PATH,
    WRITABLE_DIRS,
)
from .shapes import MapOf, Record

DEFAULT_HEALTH_PATH: Final = "/health"


@dataclass(frozen=True, kw_only=True)
class Process:
    """What `app` and each of `services` have in common.

    :param command: words of the program in place of the image's own; None keeps that.
    :param uid: numeric user, since the kubelet cannot tell whether a named one is root.
    :param writable_dirs: directories that are writable and empty at start, besides `/tmp`.
    """

    health_path: str = declared(
        URL_PATH, about="Path that answers 2xx when it is well; an empty body will do", default=DEFAULT_HEALTH_PATH
    )
    metrics_path: str | None = declared(URL_PATH, about="Path of its metrics for Prometheus", default=None)
    command: tuple[str, ...] | None = declared(
        COMMAND, about="Program in place of the image's own: a list of words, or a line for sh -c", default=None
    )
    uid: int = declared(UID, about="User that it runs as; never root", default=1001)
    replicas: int = declared(REPLICAS, about="Pods that run side by side", default=1)
    writable_dirs: tuple[str, ...] = declared(
        WRITABLE_DIRS,
        about="Directories to be writable, empty at start; /tmp always is, the root of the image never",
        default=(),
    )


@dataclass(frozen=True, kw_only=True)
class App(Process):
    """The application itself."""

    port: int = declared(PORT, about="Port that it listens on; it is given as PORT too", default=3000)


@dataclass(frozen=True, kw_only=True)
class Image:
    """What the image is built from, and where it goes.

    :param dockerfile: path below ``context``.
    :param repository: without tag; None for the run's own choice.
    """

    context: str = declared(REPOSITORY_PATH, about="Directory that the image is built from", default=".")
    dockerfile: str = declared(REPOSITORY_PATH, about="Its Dockerfile, below context", default="Dockerfile")
    repository: str | None = declared(
        IMAGE_REPOSITORY, about="Image repository without tag; computed where it is not given", default=None
    )

    @property
    def dockerfile_path(self) -> str:
        """The Dockerfile from the top of the repository."""
        return self.dockerfile if self.context == "." else f"{self.context}/{self.dockerfile}"

    def check(self, path: Path, reading: Reading) -> None:
        """Note a Dockerfile that a link leads out of the repository."""
        if reading.faulty((*path, "context"), (*path, "dockerfile")):
            return
        if reading.leads_out(self.dockerfile_path):
            shown = reading.shown((*path, "dockerfile"), self.dockerfile)
            reading.fault((*path, "dockerfile"), f"is {shown}, a link that leads out of the repository")


IMAGE: Final = Record(Image, check=Image.check)
RESOURCES: Final = ResourcesRule()


@dataclass(frozen=True, kw_only=True)
class Service(Process):
    """A further service; a worker where it has no port.

    :param image: None for the application's.
    """

    port: int | None = declared(PORT, about="Port that it listens on; without one it is a worker", default=None)
    image: Image | None = declared(IMAGE, about="Its own image; the application's where not given", default=None)
    resources: Resources = declared(RESOURCES, about="What its container asks for", default=DEFAULT_RESOURCES)
    env: Mapping[str, str] = declared(ENV, about="Variables", default=dict, shown=False)
    secrets: tuple[str, ...] = declared(SECRETS, about="Names of project secrets, given as variables", default=())

    def check(self, path: Path, reading: Reading) -> None:
        """Note what could have no effect on a worker."""
        if self.port is not None or reading.faulty((*path, "port")):
            return
        if self.health_path != DEFAULT_HEALTH_PATH:
            reading.fault((*path, "healthPath"), "has no effect without port; write a port or remove it")
        if self.metrics_path is not None:
            reading.fault((*path, "metricsPath"), "has no effect without port; write a port or remove it")


_TAKEN: Final = {"app": "that is the application"} | dict.fromkeys((*KINDS, *ALIASES), "that is a database")

SERVICES: Final = MapOf(
    Record(Service, check=Service.check),
    key_pattern=SERVICE_NAME,
    key=SERVICE_NAME_RULE,
    most=10,
    refused_keys=_TAKEN,
)
