# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the platform's Python packages and the programs that a job needs.

The runner image brings them, which this finds out in 0.3 s. Elsewhere the packages come by the lock and its hashes, and
helm is built from its go.mod, whose go.sum has the hash of every module: nothing is taken on trust.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PLATFORM: Final = Path(__file__).resolve().parents[3]
_PACKAGES: Final = "import ansible, ansible_runner, github, kubernetes, yaml"
# Run in the platform's checkout, it prints the path of the program that it has built.
_BUILT: Final[Mapping[str, str]] = {"helm": ".ci/helm"}


class SetupError(Exception):
    """A tool cannot be had; the message names it and says what to do."""


def python(environ: Mapping[str, str]) -> str:
    """A Python with the packages: the runner's own, else one made from the lock.

    :raises SetupError: where none can be made.
    """
    given = environ.get("EPHEMERAL_K8S_PYTHON")
    if given and _succeeds(given, "-c", _PACKAGES):
        return given
    cache = environ.get("RUNNER_TOOL_CACHE") or environ.get("RUNNER_TEMP") or str(Path.home() / ".cache")
    folder = Path(cache) / "ephemeral-k8s/python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not _succeeds(str(PLATFORM / ".ci/venv"), sys.executable, str(folder)):
        raise SetupError("the Python packages cannot be installed from requirements.txt; its output above says why")
    return str(folder / "bin/python")


def program(name: str, environ: Mapping[str, str]) -> str:
    """The folder of a program that is not on the PATH; empty for one that is.

    :raises SetupError: where it is neither there nor can be built.
    """
    if shutil.which(name, path=environ.get("PATH")):
        return ""
    if name not in _BUILT:
        raise SetupError(f"{name} is missing; use runners of the image in images/runner, or install it there")
    done = subprocess.run([_BUILT[name]], cwd=PLATFORM, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SetupError(f"{name} is missing and cannot be built here; its output above says why")
    return str(Path(done.stdout.strip()).parent)


def main() -> int:
    """Find or make what is asked for and tell the next steps; exit code 2 where something cannot be had."""
    try:
        found = python(os.environ)
        folders = [program(name, os.environ) for name in os.environ.get("INPUT_PROGRAMS", "").split()]
    except SetupError as error:
        print(f"::error title=set-up::{error}")
        return 2
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.write(f"EPHEMERAL_K8S_PYTHON={found}\n")
    with Path(os.environ["GITHUB_PATH"]).open("a") as file:
        file.writelines(f"{folder}\n" for folder in folders if folder)
    return 0


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, cwd=PLATFORM, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
