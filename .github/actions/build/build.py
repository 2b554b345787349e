# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build and push the image of a pull request: ``build.py``, with its inputs in the environment.

buildah runs without root. What a Dockerfile runs is a stranger's, and so is all that it prints; of this program's
environment it sees nothing. Exit codes: 0 pushed, 1 failed, 2 an input cannot be used, 130 and 143 cancelled.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from build.credentials import docker_config, insecure_hosts
from build.image import Image, Recipe, Repository, build_command, push_command
from job.files import write_outputs
from job.log import JobLog
from job.programs import CancelledError, end_when_cancelled, run
from preview.variables import InputError

# What buildah needs of the environment; the rest, with this job's credentials, is not handed on.
_HANDED_ON: Final = re.compile(
    r"PATH|HOME|USER|XDG_.*|TMPDIR|LANG|LC_.*|BUILDAH_.*|STORAGE_.*|CONTAINERS_.*|.*_proxy|.*_PROXY"
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class BuildError(Exception):
    """A program of the build has failed; the message says which."""


def build(environ: Mapping[str, str], folder: Path, log: JobLog) -> dict[str, str]:
    """Build, push and examine the image; the outputs of the step.

    :param folder: a private one, for the credentials.
    :raises InputError: where an input cannot be used.
    :raises BuildError: where a program fails.
    """
    inputs = {name.removeprefix("INPUT_").lower(): value for name, value in environ.items() if name[:6] == "INPUT_"}
    origin = f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
    repository = Repository.of(
        given=inputs["repository"],
        registry=inputs["registry"],
        owner=environ["GITHUB_REPOSITORY"].partition("/")[0],
        project=inputs["project"],
    )
    image = Image.of(repository, pr=inputs["pr"], sha=inputs["sha"])
    recipe = Recipe.of(inputs, Path(environ["GITHUB_WORKSPACE"]), origin)
    authfile = docker_config(folder, repository.host, environ)
    insecure = repository.host in insecure_hosts(environ)
    handed_on = {name: value for name, value in environ.items() if _HANDED_ON.fullmatch(name)}
    # A pod has no other isolation to offer; it is one itself.
    handed_on = {"BUILDAH_ISOLATION": "chroot", **handed_on, "DOCKER_CONFIG": str(folder)}
    name = f"localhost/build-{image.tags[0]}"

    def must(title: str, *command: str) -> None:
        log.group(title)
        if code := run(command, log, handed_on):
            raise BuildError(f"{title}: {command[0]} ended with {code}")

    must("Build", *build_command(recipe, image, name=name, authfile=authfile, insecure=insecure))
    for tag in image.tags:
        file = folder / tag
        command = push_command(image, tag, name=name, authfile=authfile, digestfile=file, insecure=insecure)
        must(f"Push {tag}", *command)
    digest = (folder / image.tags[0]).read_text().strip()
    if not _DIGEST.fullmatch(digest):
        raise BuildError("Push: buildah wrote no digest")
    outputs = {"image": f"{repository}@{digest}", "digest": digest, "sbom": ""}
    if inputs["sbom"] == "true":
        outputs["sbom"] = str(Path(environ["RUNNER_TEMP"]) / f"{image.tags[0]}.spdx.json")
        must("Bill of materials", "syft", "scan", f"registry:{outputs['image']}", "-o", f"spdx-json={outputs['sbom']}")
    if inputs["scan"] == "true":
        severe = ("--severity", "HIGH,CRITICAL", "--ignore-unfixed", "--exit-code", "1")
        must("Known vulnerabilities", "trivy", "image", *severe, outputs["image"])
    return outputs


def main() -> int:
    """The step, from its inputs to its exit code."""
    os.umask(0o077)
    log = JobLog(sys.stdout)
    log.mask([os.environ.get("REGISTRY_PASSWORD", "")])
    end_when_cancelled()
    folder = Path(tempfile.mkdtemp(prefix="build-"))
    try:
        outputs = build(os.environ, folder, log)
        log.end_group()
        log.line(outputs["image"])
        write_outputs(Path(os.environ["GITHUB_OUTPUT"]), outputs)
    except CancelledError as error:
        log.error("build cancelled", str(error))
        return 128 + error.number
    except (InputError, BuildError) as error:
        log.error("build failed", str(error))
        return 2 if isinstance(error, InputError) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        log.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
