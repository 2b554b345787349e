# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster is meant, and who asks: by kubeconfig, through the `kubernetes` client's loader."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_config

from .clock import Clock
from .cluster import KubernetesCluster
from .errors import ClusterError
from .refusals import no_credential
from .transport import ApiServer

PATIENCE_SECONDS = 90.0


def connect(
    *, kubeconfig: str, context: str, clock: Clock, patience: Callable[[], float] = lambda: PATIENCE_SECONDS
) -> KubernetesCluster:
    """A cluster by kubeconfig; where the path is empty, by ``KUBECONFIG``, ``~/.kube/config`` or the pod's own account.

    :param patience: seconds for which an outage of the API server is sat out.
    :raises ClusterError: where the file is missing, unreadable or names no such context.
    """
    configuration = Configuration()
    options = {"config_file": kubeconfig, "context": context}
    load: Callable[..., None] = load_config
    try:
        # The loader prints when it finds no file; a module's standard output is its result.
        with redirect_stdout(io.StringIO()):
            load(client_configuration=configuration, **{key: value for key, value in options.items() if value})
    except ConfigException as error:
        reason = " ".join(re.sub(r"^Invalid kube-config(?: file)?\. ", "", str(error)).split())
        reason = "there is no such file" if "No configuration found" in reason else reason
    except Exception:  # noqa: BLE001 - YAML's, the system's and the loader's own errors alike mean one thing to a user
        reason = "it is not a kubeconfig, or cannot be read"
    else:
        return KubernetesCluster(_server(configuration, clock, patience))
    what = f"kubeconfig {kubeconfig or '(default)'}" + (f", context {context}" if context else "")
    raise ClusterError(f"{what}: {reason}; set preview_kubeconfig to a readable kubeconfig of the cluster")


def _server(configuration: Configuration, clock: Clock, patience: Callable[[], float]) -> ApiServer:
    configuration.retries = False
    host = str(configuration.host)

    def headers() -> dict[str, str]:
        # Asked anew for each request: an exec plugin or a token file may have a fresh token by now.
        settings: Mapping[str, Any] = configuration.auth_settings()
        found = {}
        for setting in settings.values():
            if setting["in"] == "header" and setting["value"]:
                # A token's file often ends in a line feed. The HTTP library would show what else it cannot send.
                value = setting["value"].strip()
                if not (value.isascii() and value.isprintable()):
                    raise no_credential(host)
                found[setting["key"]] = value
        return found

    pool = ApiClient(configuration).rest_client.pool_manager
    return ApiServer(host, pool=pool, headers=headers, clock=clock, patience=patience)
