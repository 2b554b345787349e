# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a container that runs and does not become ready: what the kubelet's probes saw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .findings import Finding, one_line, what
from .suspects import Suspect, when

# The kubelet's words: pkg/kubelet/prober/prober.go and pkg/probe/http/http.go of Kubernetes.
_FAILED = re.compile(
    r"(?P<probe>Readiness|Liveness|Startup) probe (?:failed|errored)[^:]{0,60}: ?(?P<why>.*)", re.DOTALL
)
_STATUS = re.compile(r"HTTP probe failed with statuscode: (?P<status>\d+)")
_KILLED = re.compile(r"failed (?P<probe>liveness|startup) probe")
_TIMEOUT = re.compile(r"deadline exceeded|Client\.Timeout|i/o timeout|timed out|timeout")
_NO_HTTP = re.compile(r"malformed HTTP|EOF|connection reset|HTTP/1\.x transport connection broken")
_LISTENING = re.compile(
    r"(?i:listening|serving|running|started|ready|available)\b[^\n]{0,80}?(?::|\bport\b[ :=]{1,3})(?P<port>\d{2,5})\b"
)


def killed_by_probe(suspect: Suspect) -> Finding | None:
    """It was restarted since it never answered: the probe is the cause, the exit code only follows from it."""
    killed = any(_KILLED.search(text) for text in suspect.messages("Killing"))
    return probe(suspect) if killed and suspect.terminated.get("reason") != "OOMKilled" else None


def answered_since_crash(suspect: Suspect) -> Finding | None:
    """It crashed before and runs now, long enough to answer: with what it answers, the crash is history."""
    if "running" not in (suspect.status.get("state") or {}):
        return None
    unhealthy = next((event for event in suspect.events if event.get("reason") == "Unhealthy"), {})
    since = when(unhealthy) >= str(suspect.terminated.get("finishedAt", ""))
    return probe(suspect) if since and _STATUS.search(str(unhealthy.get("message", ""))) else None


def probe(suspect: Suspect) -> Finding | None:
    """It runs, and the kubelet does not get the answer that it wants."""
    if not suspect.container or suspect.is_init:
        return None
    failed = next((found for text in suspect.messages("Unhealthy") if (found := _FAILED.match(text))), None)
    if failed is None:
        return None
    why = failed["why"]
    if suspect.is_database:
        return Finding(
            reason="DatabaseNotReady",
            message=f"{what(suspect)} runs and does not answer yet: {one_line(why)}",
            hint="read the log; a database that recovers from an unclean stop needs longer: run the job again",
        )
    path, port = _target(suspect, failed["probe"])
    asked = f"GET {path} on port {port}" if path else f"a connection to port {port}"
    if status := _STATUS.search(why):
        return _status(suspect, asked, int(status["status"]))
    if "connection refused" in why:
        return _refused(suspect, port)
    if _TIMEOUT.search(why):
        return Finding(
            reason="HealthCheckTimeout",
            message=f"{what(suspect)} runs, but {asked} was not answered in time",
            hint="answer app.healthPath fast and without calling others; a slow start may need a higher "
            "resources.limits.cpu",
        )
    if _NO_HTTP.search(why):
        return Finding(
            reason="HealthCheckNoHttp",
            message=f"{what(suspect)} runs, but {asked} got no HTTP answer: {one_line(why, 200)}",
            hint="serve plain HTTP, not TLS, on app.port: the ingress adds TLS",
        )
    return Finding(
        reason="HealthCheckFailed",
        message=f"{what(suspect)} runs, but its {failed['probe'].lower()} check fails: {one_line(why)}",
        hint="check app.port and app.healthPath in k8s-ee.yaml, and the log",
    )


def _status(suspect: Suspect, asked: str, status: int) -> Finding:
    match status:
        case 404:
            hint = "set app.healthPath in k8s-ee.yaml to a path that the application serves"
        case 401 | 403:
            hint = "let app.healthPath answer without a login"
        case 400 | 421:
            hint = "accept any Host header on app.healthPath: the check asks by the pod's address"
        case _ if status >= 500:
            hint = "the application itself says that it is not healthy: read the log, check its database and variables"
        case _:
            hint = "let app.healthPath answer with a 2xx"
    return Finding(
        reason="HealthCheckFailed", message=f"{what(suspect)} runs, but {asked} answered {status}", hint=hint
    )


def _refused(suspect: Suspect, port: str) -> Finding:
    elsewhere = [found["port"] for found in _LISTENING.finditer(suspect.log) if found["port"] != port]
    if elsewhere:
        hint = f"set app.port to {elsewhere[-1]} in k8s-ee.yaml, or let the application listen on $PORT"
        says = f"nothing listens on port {port}; its log speaks of port {elsewhere[-1]}"
    else:
        hint = "listen on 0.0.0.0 (not 127.0.0.1) and on the port in $PORT, or set app.port in k8s-ee.yaml"
        says = f"nothing listens on port {port}"
    return Finding(reason="WrongPort", message=f"{what(suspect)} runs, but {says}", hint=hint)


def _target(suspect: Suspect, probe: str) -> tuple[str, str]:
    """Path and port of a probe; the path is empty for one that only connects."""
    check: Mapping[str, Any] = suspect.container.get(f"{probe.lower()}Probe") or {}
    request: Mapping[str, Any] = check.get("httpGet") or check.get("tcpSocket") or {}
    port = request.get("port", "unknown")
    named = {str(each.get("name")): each["containerPort"] for each in suspect.container.get("ports") or ()}
    path = str(request.get("path") or "/") if "httpGet" in check else ""
    return path, str(named.get(str(port), port))
