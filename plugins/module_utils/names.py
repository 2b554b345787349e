# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of an environment: its namespace, hosts, URL and labels; each fits what Kubernetes and DNS allow."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from .errors import RefusedError

MANAGER: Final = "ephemeral.k8s"
"""Field manager of everything that is applied, and its `app.kubernetes.io/managed-by`."""

PROJECT_MAX: Final = 20
PR_MAX: Final = 999_999_999
DNS_LABEL_MAX: Final = 63
"""Longest namespace name and longest part of a host name (RFC 1123, RFC 1035)."""

SERVICE_MAX: Final = DNS_LABEL_MAX - len(f"-pr-{PR_MAX}-") - PROJECT_MAX
"""Longest name of a further service whose host label fits for every projectId and every pull request: 29."""

PROJECT_PATTERN: Final = rf"(?!.*-pr-[0-9])[a-z0-9](?:[a-z0-9-]{{0,{PROJECT_MAX - 2}}}[a-z0-9])?"
"""A projectId. Without `-pr-<digits>` no two pairs of projectId and number share a namespace or a host."""

PROJECT_RULE: Final = (
    f"1 to {PROJECT_MAX} of a-z, 0-9 and '-', beginning and ending with a letter or digit, without '-pr-<digits>'"
)

_PR = re.compile(r"[1-9][0-9]{0,8}")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_HASH_DIGITS = 8


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One pull request of one project: what names an environment.

    :param project: the projectId of `k8s-ee.yaml`.
    :param pr: number of the pull request, 1 to 999999999.
    :raises RefusedError: for a projectId or a number that could not name a namespace.
    """

    project: str
    pr: int

    def __post_init__(self) -> None:
        if not re.fullmatch(PROJECT_PATTERN, self.project):
            raise RefusedError(f"projectId {self.project[:80]!r} is not valid: {PROJECT_RULE}")
        pr_number(str(self.pr))

    @property
    def namespace(self) -> str:
        """``{project}-pr-{pr}``, at most 33 characters; also the name of record and Lease."""
        return f"{self.project}-pr-{self.pr}"


def pr_number(text: str) -> int:
    """The number of a pull request from text; the whole text must be it.

    :raises RefusedError: for anything but 1 to 999999999 in plain digits.
    """
    if not _PR.fullmatch(text):
        raise RefusedError(f"pr {text[:80]!r} is not a pull request's number; give 1 to {PR_MAX}, as in -e pr=123")
    return int(text)


def host(namespace: str, domain: str, service: str | None = None) -> str:
    """The public host name of the application, or of one further service.

    >>> host("shop-pr-7", "preview.example.org", "api")
    'shop-pr-7-api.preview.example.org'

    :raises RefusedError: where a part of the name is longer than DNS allows.
    """
    label = f"{namespace}-{service}" if service else namespace
    if len(label) > DNS_LABEL_MAX:
        raise RefusedError(
            f"host name part {label} has {len(label)} characters, {DNS_LABEL_MAX} at most; shorten a name"
        )
    return f"{label}.{domain}"


def url(host: str, https_port: int = 443) -> str:
    """The URL of a host; the port is left out where browsers imply it.

    >>> url("shop-pr-7.preview.localhost", 8443)
    'https://shop-pr-7.preview.localhost:8443'
    """
    return f"https://{host}" if https_port == 443 else f"https://{host}:{https_port}"


def label_value(text: str) -> str:
    """Any text as a valid label value: itself where it is one, otherwise a readable part and a hash of the whole.

    The same text always gives the same value, and two texts give two (eight hexadecimal digits of SHA-256).

    >>> label_value("feat/odd `name`")
    'feat-odd--name-a472b225'
    """
    if _LABEL_VALUE.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    readable = re.sub(r"[^A-Za-z0-9_.-]", "-", text)[: DNS_LABEL_MAX - _HASH_DIGITS - 1].strip("-_.")
    return f"{readable}-{digest}" if readable else digest


def labels(identity: Identity, repository_id: int) -> dict[str, str]:
    """What every object of an environment carries: by these, prune, policies and teardown know what is ours."""
    return {
        "app.kubernetes.io/managed-by": MANAGER,
        "k8s-ee/project": identity.project,
        "k8s-ee/pr": str(identity.pr),
        "k8s-ee/repository-id": str(repository_id),
    }
