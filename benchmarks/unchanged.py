# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`pr.yml` with nothing to change against Ansible's own floor, an empty play: medians of five, taken by turns.

Needs the sandbox and the demo's image (`make demo`); opens pull request 990 of the demo and closes it again.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

BAR = 5.0  # times the floor
ROUNDS = 5
ROOT = Path(__file__).resolve().parent.parent
EMPTY = ("benchmarks/empty.yml",)
OPEN = (
    *("playbooks/pr.yml", "-e", "pr=990", "-e", "pr_sha=5f0c2d9"),
    *("-e", f"pr_config={ROOT}/examples/demo/k8s-ee.yaml", "-e", "pr_image={{ preview_registry }}/demo:pr-1"),
)
CLOSE = ("playbooks/pr.yml", "-e", "pr=990", "-e", "pr_state=absent", "-e", "pr_project=demo")


def seconds(playbook: tuple[str, ...]) -> float:
    """Run a playbook and return the time it took; a failed run ends the benchmark."""
    began = time.perf_counter()
    run = subprocess.run(("ansible-playbook", *playbook), cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode or "superseded" in run.stdout:
        sys.exit(f"{playbook[0]} failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return time.perf_counter() - began


def main() -> int:
    """Print the ratio; exit code 1 when it is over the bar."""
    seconds(OPEN)
    try:
        rounds = [(seconds(EMPTY), seconds(OPEN)) for _ in range(ROUNDS)]
    finally:
        seconds(CLOSE)
    floor, unchanged = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = unchanged / floor
    print(
        f"pr.yml, nothing to change: {unchanged:.2f} s, {ratio:.1f} times an empty play ({floor:.2f} s); bar {BAR:.0f}"
    )
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
