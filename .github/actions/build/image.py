# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pull request's image is named, and what buildah is told to do. Pure: inputs to command lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preview.variables import InputError, inside

_HOST: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?"
_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"(?P<host>{_HOST})/(?P<path>{_PART}(?:/{_PART})*)")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_SHA: Final = re.compile(r"[0-9a-f]{40}")
_ARGUMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=[^\x00-\x1f]*")
_TARGET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where the images of one project are: ``host/path``."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"

    @classmethod
    def of(cls, *, given: str, registry: str, owner: str, project: str) -> Repository:
        """The one that the configuration names, else the project's own below the registry.

        :param registry: host and path; empty for GitHub's, below the owner.
        :raises InputError: where that is no name of a repository with its host.
        """
        name = given or f"{registry.rstrip('/') or f'ghcr.io/{owner.lower()}'}/{project}"
        found = _REPOSITORY.fullmatch(name)
        # Without a dot, a port or localhost, the first part would be a path of Docker's own registry.
        if found is None or not ("." in found["host"] or ":" in found["host"] or found["host"] == "localhost"):
            raise InputError(
                f"{name[:100]!r} names no repository with its registry; write one such as ghcr.io/acme/shop"
            )
        return cls(host=found["host"], path=found["path"])


@dataclass(frozen=True, kw_only=True)
class Image:
    """The image of one commit of a pull request."""

    repository: Repository
    pr: str
    sha: str

    @classmethod
    def of(cls, repository: Repository, *, pr: str, sha: str) -> Image:
        """The image.

        :raises InputError: where the number or the commit is none.
        """
        if not _SHA.fullmatch(sha):
            raise InputError(f"sha is {sha[:60]!r}; give the commit's 40 hexadecimal digits")
        return cls(repository=repository, pr=number(pr), sha=sha)

    @property
    def tags(self) -> tuple[str, str]:
        """The tag of this commit, and that of the pull request's newest."""
        return f"pr-{self.pr}-{self.sha}", f"pr-{self.pr}"


def number(pr: str) -> str:
    """The number of a pull request, checked.

    :raises InputError: where it is none.
    """
    if not _NUMBER.fullmatch(pr):
        raise InputError(f"pr is {pr[:40]!r}; give the number of the pull request")
    return pr


def is_of(tag: str, pr: str) -> bool:
    """Whether a tag belongs to a pull request; pr-1 and pr-12 are strangers."""
    return tag == f"pr-{pr}" or re.fullmatch(rf"pr-{pr}-[0-9a-f]{{40}}", tag) is not None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is built, and how.

    :param origin: URL of the repository on the forge; it is written on the image.
    :param cache: whether layers are kept in the registry, beside the image.
    """

    context: Path
    dockerfile: Path
    target: str
    arguments: tuple[str, ...]
    cache: bool
    origin: str

    @classmethod
    def of(cls, inputs: Mapping[str, str], workspace: Path, origin: str) -> Recipe:
        """The recipe that a step's inputs describe. No path leaves the pull request's own files.

        :raises InputError: naming the input that cannot be used.
        """
        source = inside(workspace, inputs["source"], what="source")
        folder = inside(source, inputs["config"], what="config").parent
        paths = {name: inside(folder, inputs[name], what=name) for name in ("context", "dockerfile")}
        if not paths["context"].is_dir():
            raise InputError(f"context is {inputs['context']!r}, which is no folder")
        if not paths["dockerfile"].is_file():
            raise InputError(f"dockerfile is {inputs['dockerfile']!r}, which is no file")
        arguments = tuple(line.strip() for line in inputs["arguments"].splitlines() if line.strip())
        for each in arguments:
            if not _ARGUMENT.fullmatch(each):
                raise InputError(f"arguments has the line {each[:60]!r}; write NAME=value, one on a line")
        if inputs["target"] and not _TARGET.fullmatch(inputs["target"]):
            raise InputError(f"target is {inputs['target'][:60]!r}; give the name of a stage")
        if inputs["cache"] not in ("registry", "none"):
            raise InputError(f"cache is {inputs['cache'][:40]!r}; write registry or none")
        return cls(
            **paths,
            target=inputs["target"],
            arguments=arguments,
            cache=inputs["cache"] == "registry",
            origin=origin,
        )


def build_command(recipe: Recipe, image: Image, *, name: str, authfile: Path, insecure: bool) -> list[str]:
    """Build it under a local name."""
    command = ["buildah", "bud", "--layers", "--pull", "--format", "oci", "--tag", name]
    command += ["--file", str(recipe.dockerfile), "--authfile", str(authfile)]
    command += ["--label", f"org.opencontainers.image.revision={image.sha}"]
    command += ["--label", f"org.opencontainers.image.source={recipe.origin}"]
    if insecure:
        command.append("--tls-verify=false")
    if recipe.target:
        command += ["--target", recipe.target]
    for argument in recipe.arguments:
        command += ["--build-arg", argument]
    if recipe.cache:
        command += ["--cache-from", f"{image.repository}/cache", "--cache-to", f"{image.repository}/cache"]
    return [*command, str(recipe.context)]


def push_command(image: Image, tag: str, *, name: str, authfile: Path, digestfile: Path, insecure: bool) -> list[str]:
    """Push what was built under one of its tags, and write down its digest."""
    command = ["buildah", "push", "--authfile", str(authfile), "--digestfile", str(digestfile)]
    if insecure:
        command.append("--tls-verify=false")
    return [*command, name, f"docker://{image.repository}:{tag}"]
