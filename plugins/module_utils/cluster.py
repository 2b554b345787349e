# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter to an API server: authentication and TLS from the `kubernetes` client, requests as plain mappings.

The client's typed models cost 0.2 s to import and its dynamic client several discovery requests; neither is used.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_config

from .clock import Clock
from .errors import ClusterError
from .names import MANAGER
from .objects import RESOURCES, Manifest, Ref, ref
from .ports import Listing
from .refusals import explain, no_credential, no_kubernetes, unreachable
from .streams import KubernetesWatch

_BUSY = frozenset({429, 500, 502, 503, 504})
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_PAGE = 500
# The server ends a watch after so long; the socket gives up a little later, in case the server is gone silently.
_WATCH_SECONDS = 30


class KubernetesCluster:
    """A cluster reached through a kubeconfig; safe to use from several threads.

    :param patience_seconds: how long a request is repeated while the server is away, throttles (429) or fails (5xx).
        The very first request is not repeated: a wrong address should say so at once.
    """

    def __init__(self, configuration: Configuration, *, clock: Clock, patience_seconds: float = 90.0) -> None:
        configuration.retries = False
        self._configuration = configuration
        self._pool = ApiClient(configuration).rest_client.pool_manager
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._answered = False

    @property
    def host(self) -> str:
        """The server's address, as the kubeconfig gives it."""
        return str(self._configuration.host)

    def get(self, ref: Ref) -> Manifest | None:
        """One object, or None where there is none."""
        try:
            return self._call("GET", ref.resource.path(ref.namespace, ref.name))
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, *, namespace: str = "", labels: str = "", fields: str = "") -> Listing:
        """Objects of a kind; paged, so that a thousand cost memory and not time-outs."""
        resource = RESOURCES[kind]
        query = {"limit": str(_PAGE)}
        if labels:
            query["labelSelector"] = labels
        if fields:
            query["fieldSelector"] = fields
        items: list[Manifest] = []
        while True:
            page = self._call("GET", resource.path(namespace), query=query)
            items += [{"apiVersion": resource.api_version, "kind": kind, **item} for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            following = metadata.get("continue")
            if not following:
                return Listing(items=tuple(items), resource_version=metadata.get("resourceVersion", ""))
            query["continue"] = following

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply as our field manager; conflicts are taken over, since we own what we render."""
        return self._apply(manifest, dry_run=dry_run)

    def apply_status(self, manifest: Manifest) -> Manifest:
        """Server-side apply of the status subresource."""
        return self._apply(manifest, subresource="status")

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create; status 409 where it exists."""
        named = ref(manifest)
        query = {"fieldManager": MANAGER, **({"dryRun": "All"} if dry_run else {})}
        return self._call("POST", named.resource.path(named.namespace), query=query, body=manifest)

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace; status 409 where the resource version is no longer the newest."""
        named = ref(manifest)
        path = named.resource.path(named.namespace, named.name)
        return self._call("PUT", path, query={"fieldManager": MANAGER}, body=manifest)

    def delete(self, ref: Ref, *, uid: str = "", grace_seconds: int | None = None) -> bool:
        """Ask for deletion in the background; False where there was nothing."""
        body: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        try:
            self._call("DELETE", ref.resource.path(ref.namespace, ref.name), body=body)
        except ClusterError as error:
            if error.status == 404 or (error.status == 409 and uid):
                return False
            raise
        return True

    def watch(self, kind: str, *, namespace: str = "", name: str = "", resource_version: str = "") -> KubernetesWatch:
        """Changes after ``resource_version``, for half a minute."""
        query = {"watch": "1", "timeoutSeconds": str(_WATCH_SECONDS)}
        if resource_version:
            query["resourceVersion"] = resource_version
        if name:
            query["fieldSelector"] = f"metadata.name={name}"
        response = self._open("GET", RESOURCES[kind].path(namespace), query, None, "", stream=True)
        return KubernetesWatch(response)

    def log(self, *, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        """The last lines of a container's log; empty where there is none.

        Asked for once only: the API server answers 500 for a node that is away, and a diagnosis must not wait for it.
        """
        query = {"container": container, "tailLines": str(lines), "limitBytes": "16384"}
        if previous:
            query["previous"] = "true"
        path = RESOURCES["Pod"].path(namespace, pod, "log")
        try:
            return self._open("GET", path, query, None, "", once=True).data.decode("utf-8", "replace")
        except ClusterError:
            return ""

    def _apply(self, manifest: Manifest, *, subresource: str = "", dry_run: bool = False) -> Manifest:
        named = ref(manifest)
        query = {"fieldManager": MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        path = named.resource.path(named.namespace, named.name, subresource)
        return self._call("PATCH", path, query=query, body=manifest, content_type="application/apply-patch+yaml")

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
    ) -> Manifest:
        data = None if body is None else json.dumps(body).encode()
        raw = self._open(method, path, query or {}, data, content_type).data
        with suppress(ValueError):
            if isinstance(answer := json.loads(raw), dict):
                return answer
        raise no_kubernetes(self.host)

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        content_type: str,
        *,
        stream: bool = False,
        once: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        deadline = self._clock.monotonic() + self._patience_seconds
        pause = 0.1
        while True:
            try:
                response = self._pool.request(
                    method,
                    url,
                    body=body,
                    headers=self._headers(content_type),
                    preload_content=not stream,
                    retries=False,
                    timeout=urllib3.Timeout(
                        connect=_CONNECT_SECONDS, read=_WATCH_SECONDS + 5 if stream else _READ_SECONDS
                    ),
                )
            except (urllib3.exceptions.HTTPError, OSError) as error:
                failure = unreachable(self.host, error)
                retry_after = 0.0
                again = self._answered
            else:
                self._answered = True
                if response.status < 400:
                    return response
                failure = explain(method, path, response.status, response.data)
                retry_after = _seconds(response.headers.get("Retry-After"))
                again = response.status in _BUSY
            wait = max(pause, retry_after)
            if once or not again or self._clock.monotonic() + wait > deadline:
                raise failure
            self._clock.sleep(wait)
            pause = min(pause * 2, 2.0)

    def _headers(self, content_type: str) -> dict[str, str]:
        # Asked anew for each request: an exec plugin or a token file may have a fresh token by now.
        headers = {"Accept": "application/json", "User-Agent": MANAGER}
        if content_type:
            headers["Content-Type"] = content_type
        settings: Mapping[str, Any] = self._configuration.auth_settings()
        for setting in settings.values():
            if setting["in"] == "header" and setting["value"]:
                # A token's file often ends in a line feed. The HTTP library would show what else it cannot send.
                value = setting["value"].strip()
                if not (value.isascii() and value.isprintable()):
                    raise no_credential(self.host)
                headers[setting["key"]] = value
        return headers


def connect(*, kubeconfig: str, context: str, clock: Clock) -> KubernetesCluster:
    """A cluster by kubeconfig; where the path is empty, by ``KUBECONFIG``, ``~/.kube/config`` or the pod's own account.

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
        return KubernetesCluster(configuration, clock=clock)
    what = f"kubeconfig {kubeconfig or '(default)'}" + (f", context {context}" if context else "")
    raise ClusterError(f"{what}: {reason}; set preview_kubeconfig to a readable kubeconfig of the cluster")


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 0.0
