# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the part of ``ansible-test sanity`` that needs neither containers nor downloads.

``ansible-test`` itself wants a real directory in place of our link and fetches a pip for each test. The programs that
it would start come with ansible-core and take paths as arguments, so they are started here: the same rules, in 4 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ansible_test
import yaml

ROOT = Path(__file__).resolve().parent.parent
TESTS = Path(ansible_test.__path__[0]) / "_util" / "controller" / "sanity"
# Each with what it reads, as in the .json beside it.
SMELLS = {
    "empty-init": "plugins/**/__init__.py",
    "line-endings": "**/*.*",
    "no-assert": "plugins/**/*.py",
    "no-get-exception": "plugins/**/*.py",
    "no-illegal-filenames": "**/*",
    "no-smart-quotes": "plugins/**/*.*",
    "replace-urlopen": "plugins/**/*.py",
    "runtime-metadata": "meta/runtime.yml",
    "shebang": "**/*.*",
    "use-argspec-type-path": "plugins/modules/*.py",
    "use-compat-six": "plugins/**/*.py",
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the programs as ansible-test would: plugins are found through the link."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")}
    return subprocess.run(
        (sys.executable, *command), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def smell(name: str, pattern: str) -> Iterator[str]:
    """The findings of one small test; what git knows of is looked at."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", f":(glob){pattern}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = [path for path in listed if (ROOT / path).is_file()]
    if paths:
        found = run(str(TESTS / "code-smell" / f"{name}.py"), *paths)
        yield from (f"{name}: {line}" for line in (found.stdout + found.stderr).splitlines())


def validate_modules() -> Iterator[str]:
    """Documentation, argument specification and conventions of every module agree."""
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    modules = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "plugins/modules").glob("*.py"))
    found = run(
        str(TESTS / "validate-modules" / "validate.py"),
        *("--format", "json", "--arg-spec"),
        *("--collection", "ansible_collections/ephemeral/k8s", "--collection-version", str(version)),
        *modules,
    )
    if found.stderr or found.returncode not in (0, 3):  # 3: there are findings
        yield f"validate-modules: {found.stderr.strip().splitlines()[-1] if found.stderr else found.stdout}"
        return
    for path, report in json.loads(found.stdout).items():
        for error in report["errors"]:
            yield f"validate-modules: {path}:{error.get('line', 0)}: {error['code']}: {error['msg']}"


def main() -> int:
    """Print every finding; exit code 1 when there is one."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        modules = pool.submit(lambda: list(validate_modules()))
        smells = list(pool.map(lambda item: list(smell(*item)), SMELLS.items()))
    findings = [line for lines in [*smells, modules.result()] for line in lines]
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
