# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a URL that does not answer with a 2xx although the pods behind it are ready."""

from __future__ import annotations

from .findings import MAINTAINER, Finding
from .ports import Answer


def ingress(answer: Answer) -> Finding | None:
    """What the last request through the ingress tells; nothing where it was answered with a 2xx."""
    if answer.ok:
        return None
    if answer.status is None:
        return _no_answer(answer.url, answer.error or "no answer")
    match answer.status:
        case 404:
            says = "the ingress does not know this host, or the application does not know this path"
            hint = "let app.healthPath answer also under the public host name; when it does, " + MAINTAINER
            reason = "IngressNotReached"
        case 502 | 503 | 504:
            says = "the ingress got no answer from the application"
            hint = "read the application's log for the time of this request; when nothing is there, " + MAINTAINER
            reason = "IngressNotReached"
        case 401 | 403:
            says = "a login is asked for"
            hint = "let app.healthPath answer without a login, also under the public host name"
            reason = "HealthCheckFailed"
        case status if 300 <= status < 400:
            says = "it redirects, for example to a login or to another host name"
            hint = "let app.healthPath answer with a 2xx itself; an application that redirects to HTTPS must trust the "
            hint += "header X-Forwarded-Proto"
            reason = "HealthCheckRedirects"
        case 400 | 421:
            says = "the application does not accept this host name"
            hint = "add the host of PREVIEW_URL to the host names that the application accepts"
            reason = "HealthCheckFailed"
        case _:
            says = "the application answers so under its public host name"
            hint = "read the application's log; it may depend on the host name or on headers that the ingress adds"
            reason = "HealthCheckFailed"
    return Finding(reason=reason, message=f"GET {answer.url} answered {answer.status}: {says}", hint=hint)


def _no_answer(url: str, error: str) -> Finding:
    lowered = error.lower()
    if "mismatch" in lowered:
        reason, says = "IngressCertificate", "its certificate is for another name"
    elif "certificate" in lowered or "ssl" in lowered or "tls" in lowered:
        reason, says = "IngressCertificate", "its certificate is not trusted"
    elif "name or service not known" in lowered or "resol" in lowered:
        reason, says = "IngressNotReached", "its host name does not resolve"
    elif "refused" in lowered:
        reason, says = "IngressNotReached", "nothing listens at the ingress' address"
    elif "timed out" in lowered or "timeout" in lowered:
        reason, says = "IngressNotReached", "no answer came in time"
    else:
        reason, says = "IngressNotReached", "no answer came"
    return Finding(reason=reason, message=f"GET {url} failed: {says} ({error})", hint=MAINTAINER)
