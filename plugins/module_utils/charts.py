# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads of an environment: the values that its charts are given, and the objects that come of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .config import Config, Database
from .credentials import access, variables
from .errors import RefusedError
from .names import Identity, host
from .objects import Manifest
from .ports import Renderer
from .quantities import format_bytes, format_cpu
from .resources import Resources
from .sizes import DATABASE_SIZES

APP_CHART: Final = "k8s-ee-app"
APP_RELEASE: Final = "app"

OFFICIAL_IMAGES: Final[Mapping[str, str]] = {"postgresql": "docker.io/library/postgres:{version}"}
"""Image of a kind where the inventory's `preview_images` names none for the version."""

# Traefik reads these; other controllers take TLS from the Ingress itself.
_TRAEFIK_TLS: Final = {
    "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
    "traefik.ingress.kubernetes.io/router.tls": "true",
}


@dataclass(frozen=True, kw_only=True)
class RenderContext:
    """What a configuration does not say.

    :param labels: on every object and pod.
    :param sha: the commit; another one starts new pods, even of the same tag.
    :param url: None without ingress.
    :param images: image of a database by kind and version, where not the official one.
    :param storage_class: empty for the cluster's default.
    """

    identity: Identity
    labels: Mapping[str, str]
    image: str
    sha: str
    branch: str
    url: str | None
    domain: str
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    storage_class: str = ""
    ingress_class: str = "traefik"

    @property
    def version(self) -> str:
        """What the application may call itself: pull request and short commit, such as ``pr-7-0b5cbb7``."""
        return f"pr-{self.identity.pr}-{self.sha[:7]}"


def render_app(renderer: Renderer, folder: str, config: Config, context: RenderContext) -> list[Manifest]:
    """The objects of the application.

    :param folder: where the charts are.
    :raises RefusedError: where they cannot be rendered.
    """
    return renderer.template(
        f"{folder}/{APP_CHART}",
        release=APP_RELEASE,
        namespace=context.identity.namespace,
        values=app_values(config, context),
    )


def render_databases(renderer: Renderer, folder: str, config: Config, context: RenderContext) -> list[Manifest]:
    """The objects of all databases, kind by kind; chart, release and Secret have the kind's name.

    :param folder: where the charts are.
    :raises RefusedError: where they cannot be rendered, or a kind is not served yet.
    """
    return [
        manifest
        for kind, database in sorted(config.databases.items())
        for manifest in renderer.template(
            f"{folder}/{kind}",
            release=kind,
            namespace=context.identity.namespace,
            values=database_values(database, context),
        )
    ]


def app_values(config: Config, context: RenderContext) -> dict[str, Any]:
    """Values of the chart `k8s-ee-app`, in JSON types."""
    app = config.app
    return {
        "image": context.image,
        "port": app.port,
        "healthPath": app.health_path,
        "replicas": app.replicas,
        "command": list(app.command or ()),
        "env": app_variables(config, context),
        "resources": _resources(config.resources),
        "uid": app.uid,
        "writableDirs": list(app.writable_dirs),
        "metrics": {"path": app.metrics_path or "", "enabled": config.metrics.enabled},
        "ingress": {
            "enabled": config.ingress.enabled,
            "className": context.ingress_class,
            "host": host(context.identity.namespace, context.domain),
            "annotations": {
                **config.ingress.annotations,
                **(_TRAEFIK_TLS if context.ingress_class == "traefik" else {}),
            },
        },
        "serviceAccount": {"create": False, "name": "app"},
        "labels": dict(context.labels),
        "podAnnotations": {"k8s-ee/commit": context.sha},
    }


def app_variables(config: Config, context: RenderContext) -> list[dict[str, Any]]:
    """Variables of the application: databases, what every application is given, the configuration's own.

    A value of the configuration may refer to one of the others as ``$(NAME)``; any other ``$`` is literal. What comes
    from outside of the configuration is literal altogether: a branch called ``$(PGPASSWORD)`` must not show it.
    """
    own = variables(config)
    given = {
        "PORT": str(config.app.port),
        "PR_NUMBER": str(context.identity.pr),
        "COMMIT_SHA": context.sha,
        "BRANCH_NAME": context.branch,
        "APP_VERSION": context.version,
    }
    if context.url is not None:
        given["PREVIEW_URL"] = context.url
    names = "|".join((*(variable["name"] for variable in own), *given))
    # The kubelet takes "$$" for "$".
    literal = re.compile(rf"\$(?!\((?:{names})\))")
    return [
        *own,
        *({"name": name, "value": value.replace("$", "$$")} for name, value in given.items()),
        *({"name": name, "value": literal.sub("$$", value)} for name, value in config.env.items()),
    ]


def database_values(database: Database, context: RenderContext) -> dict[str, Any]:
    """Values of a database's chart, in JSON types.

    :raises RefusedError: where the kind is not served yet.
    """
    common: dict[str, Any] = {
        "image": _image(database, context),
        "resources": _resources(DATABASE_SIZES[database.kind]),
        "labels": dict(context.labels),
        "auth": {"existingSecret": database.kind},
    }
    return {**common, **_CHARTS[database.kind](database, context)}


def _postgresql(database: Database, context: RenderContext) -> dict[str, Any]:
    size = database.storage_bytes or DATABASE_SIZES["postgresql"].storage_bytes or 0
    return {"storage": {"size": format_bytes(size), "className": context.storage_class}}


# What each kind's chart takes besides the values that all of them take.
_CHARTS: Final[Mapping[str, Callable[[Database, RenderContext], dict[str, Any]]]] = {"postgresql": _postgresql}


def _image(database: Database, context: RenderContext) -> str:
    access(database.kind)
    named: Any = context.images.get(database.kind) or {}
    if not isinstance(named, dict):
        raise RefusedError(
            f"preview_images.{database.kind} is {named!r}; map each version to an image, such as "
            f"{{'{database.version}': 'registry.example.org/{database.kind}:{database.version}'}}"
        )
    # An inventory may have written the version without quotes.
    ours: dict[str, str] = {str(version): image for version, image in named.items()}
    if database.version in ours:
        return ours[database.version]
    if database.kind not in OFFICIAL_IMAGES:
        raise RefusedError(
            f"no image for databases.{database.kind} {database.version}; name one in preview_images.{database.kind}"
        )
    return OFFICIAL_IMAGES[database.kind].format(version=database.version)


def _resources(resources: Resources) -> dict[str, dict[str, str]]:
    return {
        name: {"cpu": format_cpu(amounts.cpu_millis), "memory": format_bytes(amounts.memory_bytes)}
        for name, amounts in (("requests", resources.requests), ("limits", resources.limits))
    }
