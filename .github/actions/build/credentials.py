# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who this job is to a registry."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Login:
    """A name and a password; both empty for nobody in particular."""

    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Login:
        """The one in REGISTRY_USERNAME and REGISTRY_PASSWORD."""
        return cls(username=environ.get("REGISTRY_USERNAME", ""), password=environ.get("REGISTRY_PASSWORD", ""))

    @property
    def basic(self) -> str:
        """Both in the form of HTTP's Basic scheme."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def docker_config(folder: Path, host: str, environ: Mapping[str, str]) -> Path:
    """Write the file in which buildah, syft and trivy look for the registry's credentials, for nobody else to read."""
    login = Login.of(environ)
    auths = {host: {"auth": login.basic}} if login.password else {}
    path = folder / "config.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"auths": auths}, file)
    return path


def insecure_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """Registries without TLS, such as one on the same machine. The runner's own word, never an input."""
    return frozenset(environ.get("EPHEMERAL_K8S_INSECURE_REGISTRIES", "").split())
