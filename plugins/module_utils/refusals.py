# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server's refusals in one clear line each: what was asked, what it said, what to do next."""

from __future__ import annotations

import json
import re

from .errors import ClusterError

# k8s.io/apiserver: plugin/webhook/errors/statuserror.go and plugin/policy/validating/dispatcher.go of pkg/admission
ADMISSION_DENIED = re.compile(r"admission webhook \S+ denied the request|ValidatingAdmissionPolicy .* denied request")
"""What the API server says where a rule of this cluster, which is not Kubernetes' own, refuses an object."""


def unreachable(host: str, error: Exception) -> ClusterError:
    """No answer came: the address, the network or TLS."""
    text = " ".join(str(error).split())
    match text:
        case _ if "CERTIFICATE_VERIFY_FAILED" in text:
            reason = "its certificate is not signed by the kubeconfig's CA"
        case _ if "Connection refused" in text:
            reason = "connection refused"
        case _ if "timed out" in text:
            reason = "timed out"
        case _ if "Name or service not known" in text or "getaddrinfo" in text or "NameResolution" in text:
            reason = "its name does not resolve"
        case _:
            reason = text or type(error).__name__
    return ClusterError(f"API server {host} cannot be reached: {reason}; check that it runs and preview_kubeconfig")


def no_kubernetes(host: str) -> ClusterError:
    """Something answered that is no API server, such as a sign-in page."""
    return ClusterError(
        f"{host} does not answer as a Kubernetes API server; check server in the kubeconfig (preview_kubeconfig)"
    )


def no_credential(host: str) -> ClusterError:
    """The kubeconfig's token holds what no header can carry; it is not shown."""
    return ClusterError(f"the kubeconfig's token for {host} is not printable text; renew it (preview_kubeconfig)")


def explain(method: str, path: str, status: int, body: bytes) -> ClusterError:
    """The server answered and refused.

    :param body: the answer, usually a ``metav1.Status``.
    """
    message, reason = _status(body)
    match status:
        case 401:
            text = "the API server does not accept the kubeconfig's credential (401); renew it"
        case _ if ADMISSION_DENIED.search(message):
            reason = "AdmissionRefused"
            text = (
                f"{message}; this is a rule of the cluster: follow it in k8s-ee.yaml, or ask the platform's maintainer"
            )
        case 403 if "exceeded quota" in message:
            text = message
        case 403 if "being terminated" in message:
            text = f"{message}; somebody is removing it: run again when it is gone"
        case 403:
            text = f"forbidden: {message}; grant this right to the kubeconfig's user"
        case 404 if "environments" in path and reason != "NotFound":
            text = "the cluster does not know kind Environment; apply role ephemeral.k8s.guardrails first"
        case _:
            text = f"{method} {path}: {status} {message}"
    return ClusterError(text, status=status, reason=reason)


def _status(body: bytes) -> tuple[str, str]:
    try:
        status = json.loads(body)
        return " ".join(str(status.get("message", "")).split()), str(status.get("reason", ""))
    except (ValueError, AttributeError):
        return " ".join(body.decode("utf-8", "replace").split())[:300], ""
