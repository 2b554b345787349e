# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the images of a closed pull request: ``removal.py``, with its inputs in the environment.

Only what no other tag names goes; a package's visibility is never touched. Exit codes: 0 nothing of it is left that
could go, 1 the registry refused, 2 an input cannot be used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from build.credentials import Login, insecure_hosts
from build.ecr import HOST as ECR_HOST
from build.ecr import Ecr
from build.image import Repository, is_of, number
from build.registries import Distribution, GitHubPackages, Registry, Version
from build.web import RegistryError, Web
from job.log import JobLog
from preview.variables import InputError

GITHUB: Final = "ghcr.io"


def doomed(versions: Iterable[Version], pr: str) -> tuple[list[Version], list[Version]]:
    """The versions that only this pull request names, and those that others name too."""
    ours = [version for version in versions if any(is_of(tag, pr) for tag in version.tags)]
    alone = [version for version in ours if all(is_of(tag, pr) for tag in version.tags)]
    return alone, [version for version in ours if version not in alone]


def project_of(namespace: str, pr: str) -> str:
    """The project whose environment had this namespace.

    :raises InputError: where it was none of this pull request.
    """
    project, found, _ = namespace.rpartition(f"-pr-{pr}")
    if not found or not namespace.endswith(f"-pr-{pr}") or not project:
        raise InputError(f"namespace is {namespace[:80]!r}, which is none of pull request {pr}; give the repository")
    return project


def registry_of(repository: Repository, environ: Mapping[str, str], web: Web) -> Registry:
    """The registry that a repository is in, by its host."""
    login = Login.of(environ)
    if repository.host == GITHUB:
        api = environ.get("GITHUB_API_URL") or "https://api.github.com"
        return GitHubPackages(web, url=api, path=repository.path, login=login)
    if ECR_HOST.fullmatch(repository.host):
        return Ecr(web, host=repository.host, path=repository.path, environ=environ)
    scheme = "http" if repository.host in insecure_hosts(environ) else "https"
    return Distribution(web, url=f"{scheme}://{repository.host}", path=repository.path, login=login)


def remove(environ: Mapping[str, str], log: JobLog, web: Web) -> None:
    """Remove what the inputs name, and say what became of each.

    :raises InputError: where an input cannot be used.
    :raises RegistryError: where something that should go cannot; the others have gone.
    """
    pr, given = number(environ.get("INPUT_PR", "")), environ.get("INPUT_REPOSITORY", "")
    repository = Repository.of(
        given=given,
        registry=environ.get("INPUT_REGISTRY", ""),
        owner=environ.get("GITHUB_REPOSITORY", "").partition("/")[0],
        project="" if given else project_of(environ.get("INPUT_NAMESPACE", ""), pr),
    )
    registry = registry_of(repository, environ, web)
    alone, shared = doomed(list(registry.versions()), pr)
    for version in shared:
        log.line(f"kept {', '.join(version.tags)}: another tag names the same image")
    failures = []
    for version in alone:
        try:
            registry.remove(version)
            log.line(f"removed {', '.join(version.tags)}")
        except RegistryError as error:
            failures.append(str(error))
    if failures:
        raise RegistryError("; ".join(failures))
    log.line(f"{repository}: {len(alone)} removed, {len(shared)} kept")


def main() -> int:
    """The step, from its inputs to its exit code."""
    log = JobLog(sys.stdout)
    log.mask(os.environ.get(name, "") for name in ("REGISTRY_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
    try:
        remove(os.environ, log, Web())
    except (InputError, RegistryError) as error:
        log.error("images stay", str(error))
        return 2 if isinstance(error, InputError) else 1
    finally:
        log.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
