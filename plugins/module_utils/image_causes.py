# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes before a container exists: its image cannot be had, or its settings name what is not there.

Patterns are the texts of containerd 1.6 to 2.x, of Docker's registry and of GHCR, ECR and Docker Hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .findings import MAINTAINER, Finding, one_line, what
from .suspects import Suspect
from .variables import GIVEN_BY_DATABASE

_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ErrImageNeverPull", "ImageInspectError")


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """How a failed pull is recognised.

    :param words: any of them in the runtime's message, in lower case, the image's own name left out.
    :param says: goes on from "image X ".
    """

    reason: str
    words: tuple[str, ...]
    says: str
    hint: str


_DATABASE_HINT = "check the database's `version` in k8s-ee.yaml; when it is right, " + MAINTAINER

# The first match counts: a registry that cannot be reached also fails to authorise, and "access denied" messages of
# Docker Hub and ECR mention repositories that do not exist.
_REFUSALS = (
    _Refusal(
        reason="RegistryInsecure",
        words=("server gave http response to https client", "x509:"),
        says="is in a registry whose TLS the node does not trust (plain HTTP, or an unknown certificate)",
        hint="use a registry with a public certificate in image.repository; otherwise " + MAINTAINER,
    ),
    _Refusal(
        reason="RegistryUnreachable",
        words=(
            "no such host",
            "connection refused",
            "i/o timeout",
            "no route to host",
            "network is unreachable",
            "connection reset",
            "handshake timeout",
            "deadline exceeded",
            "server misbehaving",
            "internal server error",
            "bad gateway",
            "service unavailable",
            "gateway time-out",
            "gateway timeout",
        ),
        says="could not be fetched: its registry cannot be reached",
        hint="check the registry's name in image.repository; when it is right, run the job again: registries recover",
    ),
    _Refusal(
        reason="RegistryRateLimited",
        words=("toomanyrequests", "too many requests"),
        says="could not be fetched: its registry allows no more pulls for now",
        hint="wait and run the job again, or use a registry without this limit in image.repository",
    ),
    _Refusal(
        reason="ImageArchitecture",
        words=("no match for platform", "no matching manifest", "does not match the specified platform"),
        says="was not built for the processor of this cluster",
        hint="build for the cluster's platform as well, for example `--platform linux/amd64,linux/arm64`",
    ),
    _Refusal(
        reason="ImagePullDenied",
        words=(
            "denied",
            "unauthorized",
            "forbidden",
            "authentication required",
            "no basic auth credentials",
            "insufficient_scope",
            "authorization failed",
            "failed to authorize",
        ),
        says="may not be pulled: its registry refuses access (private, or not there)",
        hint="check image.repository and the tag; let the cluster read the package, or have the platform's maintainer "
        "add a pull secret",
    ),
    _Refusal(
        reason="NodeDiskFull",
        words=("no space left on device",),
        says="does not fit on the node's disk",
        hint=MAINTAINER,
    ),
    _Refusal(
        reason="ImageNotFound",
        words=("not found", "manifest unknown", "name unknown", "name_unknown", "does not exist"),
        says="does not exist in its registry",
        hint="check that the build job pushed exactly this name and tag; a wrong name comes from image.repository",
    ),
)


def invalid_name(suspect: Suspect) -> Finding | None:
    """The image's name is no image name."""
    if suspect.waiting_reason != "InvalidImageName":
        return None
    return Finding(
        reason="InvalidImageName",
        message=f"{what(suspect)} cannot start: {suspect.image!r} is not a valid image name",
        hint="write image.repository in lower case as registry/name, without a tag; the tag comes from the job",
    )


def pull(suspect: Suspect) -> Finding | None:
    """The image could not be fetched."""
    if suspect.waiting_reason not in _PULLING:
        return None
    error = _pull_error(suspect)
    # A name such as registry/unauthorized:pr-1 must not decide.
    bare = error.replace(suspect.image, "").lower()
    for refusal in _REFUSALS:
        if any(word in bare for word in refusal.words):
            return Finding(
                reason=refusal.reason,
                message=f"{what(suspect)} cannot start: image {suspect.image} {refusal.says}",
                hint=_DATABASE_HINT if suspect.is_database else refusal.hint,
            )
    return Finding(
        reason="ImagePullFailed",
        message=f"{what(suspect)} cannot start: image {suspect.image} could not be fetched: {one_line(error)}",
        hint=_DATABASE_HINT
        if suspect.is_database
        else "check that the build job pushed this image and that image.repository names it",
    )


def _pull_error(suspect: Suspect) -> str:
    """The runtime's words; while the kubelet backs off, older ones say them in an event alone."""
    told = (text for text in suspect.messages("Failed") if "pull" in text and suspect.image in text)
    return " ".join((suspect.waiting_message, next(told, "")))


_ABSENT = re.compile(r'(?P<kind>secret|configmap) "(?P<name>[^"]+)" not found')
_NO_KEY = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?:\S+/)?(?P<name>\S+)")
_NO_FILE = re.compile(r'volume "(?P<volume>[^"]+)" : references non-existent (?P<kind>secret|config) key: (?P<key>\S+)')


def missing_setting(suspect: Suspect) -> Finding | None:
    """A variable, Secret or ConfigMap that the container needs is not there, neither as variable nor as volume."""
    texts = [suspect.waiting_message] if suspect.waiting_reason == "CreateContainerConfigError" else []
    texts += suspect.messages("FailedMount") if not suspect.container else []
    for text in texts:
        if found := _NO_KEY.search(text):
            return _no_key(suspect, found["kind"], found["name"], found["key"])
        if found := _NO_FILE.search(text):
            kind = {"secret": "Secret", "config": "ConfigMap"}[found["kind"]]
            return _no_key(suspect, kind, _source(suspect, found["volume"]), found["key"])
        if found := _ABSENT.search(text):
            kind = {"secret": "Secret", "configmap": "ConfigMap"}[found["kind"]]
            return Finding(
                reason=f"Missing{kind}",
                message=f"{what(suspect)} cannot start: {kind} {found['name']} is not there",
                hint="run the job again, which makes what is missing; if it stays missing, " + MAINTAINER,
            )
    return None


def _no_key(suspect: Suspect, kind: str, name: str, key: str) -> Finding:
    if name in GIVEN_BY_DATABASE:
        # Created whole and never rewritten: whatever it is that stands there, a run leaves it alone.
        reason, hint = "MissingSecret", f"something else than this product has written {kind} {name}; {MAINTAINER}"
    elif kind == "Secret":
        reason = "MissingVariable"
        hint = f"add {key} to this project's secrets, or remove it from `secrets` in k8s-ee.yaml"
    else:
        reason, hint = "MissingVariable", f"set {key} in env in k8s-ee.yaml, or in your own ConfigMap"
    return Finding(reason=reason, message=f"{what(suspect)} cannot start: {kind} {name} has no key {key}", hint=hint)


def _source(suspect: Suspect, volume: str) -> str:
    """The Secret or ConfigMap that a pod's volume is made from."""
    for each in suspect.object["spec"].get("volumes") or ():
        if each["name"] == volume:
            return str((each.get("secret") or {}).get("secretName") or (each.get("configMap") or {}).get("name", ""))
    return volume


def root_user(suspect: Suspect) -> Finding | None:
    """The image would run as root, which restricted Pod Security forbids."""
    text = suspect.waiting_message
    if "runAsNonRoot" not in text and "non-root policy" not in text:
        return None
    if "non-numeric" in text:
        return Finding(
            reason="UserNotNumeric",
            message=f"{what(suspect)} cannot start: {one_line(text)}",
            hint="name the user by number, `USER 1001` in the Dockerfile, or set app.uid",
        )
    return Finding(
        reason="RunsAsRoot",
        message=f"{what(suspect)} cannot start: image {suspect.image} would run as root",
        hint="set app.uid to a number above 0, and `USER 1001` in the Dockerfile",
    )


def config_error(suspect: Suspect) -> Finding | None:
    """Any other fault in a container's settings."""
    if suspect.waiting_reason != "CreateContainerConfigError":
        return None
    return Finding(
        reason="CreateContainerConfigError",
        message=f"{what(suspect)} cannot start: {one_line(suspect.waiting_message)}",
        hint="check env, secrets and app.uid in k8s-ee.yaml",
    )
