# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the project's checks and close with one truthful line, ``N passed, N failed``.

check.py fast               what needs no cluster
check.py quick              fast, then every scenario's quick part on the sandbox, then the sandbox itself
check.py all                the same with the slow parts
check.py scenario <name>    one scenario whole

Every check runs, also after one has failed. A check counts as one; pytest counts its tests and molecule its actions.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
# A later capability adds its folder under molecule/; until then its name is known and answered.
SCENARIOS = (
    "pr",
    "faults",
    "host",
    "ingress",
    "databases",
    "guardrails",
    "github",
    "observability",
    "lifecycle",
)
NO_TESTS_COLLECTED = 5  # pytest's exit code


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One command; ``count`` turns its exit code and output into a tally."""

    name: str
    command: tuple[str, ...]
    count: Callable[[str, int, str], Tally]


def one(_name: str, code: int, _output: str) -> Tally:
    """A command that passes or fails as a whole."""
    return Tally(passed=1) if code == 0 else Tally(failed=1)


def pytest_report(name: str, code: int, output: str) -> Tally:
    """The tests in pytest's JUnit file; no file, or no test, is a failure."""
    try:
        suites = ElementTree.parse(report_file(name)).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return one(name, code or NO_TESTS_COLLECTED, output)
    tally = Tally()
    for suite in suites:
        tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        tally += Tally(passed=tests - failed - skipped, failed=failed, skipped=skipped)
    return tally if code == 0 or tally.failed else tally + Tally(failed=1)


def molecule_recap(name: str, code: int, output: str) -> Tally:
    """The actions in molecule's closing recap; without one the run counts as a whole."""
    recap = re.search(r"successful=(\d+).*?failed=(\d+)", re.sub(r"\x1b\[[0-9;]*m", "", output), re.DOTALL)
    if recap is None:
        return one(name, code, output)
    tally = Tally(passed=int(recap[1]), failed=int(recap[2]))
    return tally if code == 0 or tally.failed else tally + Tally(failed=1)


def report_file(name: str) -> Path:
    """Where pytest leaves the JUnit file of a check."""
    return REPORTS / f"{name.replace(' ', '-')}.xml"


def pytest_check(name: str, *arguments: str) -> Check:
    """A check whose tests are counted one by one."""
    report = report_file(name)
    return Check(
        name=name,
        command=("pytest", "-q", "--no-header", f"--junit-xml={report.relative_to(ROOT)}", *arguments),
        count=pytest_report,
    )


def fast(*, slow: bool) -> tuple[Check, ...]:
    """Everything that needs no cluster, the longest first: they run two at a time.

    :param slow: with the unit tests that search longer.
    """
    commands: dict[str, tuple[str, ...]] = {
        "ansible-lint": ("ansible-lint", "--offline", "--yamllint-file", ".config/yamllint.yml"),
        "types": ("mypy",),
        "sanity": (sys.executable, ".ci/sanity.py"),
        "yamllint": ("yamllint", "--strict", "--config-file", ".config/yamllint.yml", "."),
        "ruff": ("ruff", "check", "--quiet"),
        "format": ("ruff", "format", "--check", "--quiet"),
        "changelog": ("antsibull-changelog", "lint"),
        "generated": (sys.executable, "docs/generate.py", "--check"),
    }
    workflows = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(".github/workflows/*.yml"))
    # Other linters that it would call are left out: where one is installed must not decide.
    commands["workflows"] = (os.environ.get("ACTIONLINT", "actionlint"), "-shellcheck=", "-pyflakes=", *workflows)
    charts = sorted(path.parent for path in ROOT.glob("charts/*/Chart.yaml"))
    commands |= {
        f"chart {chart.name}": (os.environ.get("HELM", "helm"), "lint", "--strict", str(chart.relative_to(ROOT)))
        for chart in charts
    }
    lints = (Check(name=name, command=command, count=one) for name, command in commands.items())
    selected = () if slow else ("-m", "not slow")
    return pytest_check("unit", *selected, "--durations=3"), pytest_check("contract", "tests/contract"), *lints


def end_to_end(name: str, *, slow: bool) -> Check:
    """The end-to-end tests of a name."""
    return pytest_check(f"e2e {name}", "tests/e2e", "-m", name if slow else f"{name} and not slow", "--durations=5")


def scenario(name: str, *, slow: bool) -> tuple[Check, ...]:
    """Molecule's sequence, then the end-to-end tests of the same name."""
    molecule = ("molecule", "test", "--report", "--no-command-borders", "-s", name)
    return Check(name=f"molecule {name}", command=molecule, count=molecule_recap), end_to_end(name, slow=slow)


def present_scenarios() -> tuple[str, ...]:
    """The scenarios that this checkout has, in the order of the list."""
    return tuple(name for name in SCENARIOS if (ROOT / "molecule" / name / "molecule.yml").exists())


def run(check: Check, *, live: bool) -> Tally:
    """Run a check from the root of the checkout; live output is passed on line by line, other only after a failure."""
    report_file(check.name).unlink(missing_ok=True)
    began = time.monotonic()
    lines: list[str] = []
    try:
        with subprocess.Popen(
            check.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if live:
                    print(line, end="", flush=True)
            code = process.wait()
    except OSError as error:
        lines, code = [f"{check.command[0]}: {error.strerror}\n"], 127
    output = "".join(lines)
    tally = check.count(check.name, code, output)
    if tally.failed and not live:
        print(output, end="")
    verdict = "FAILED" if tally.failed else "ok"
    print(f"{verdict:7}{check.name} ({time.monotonic() - began:.1f} s; {tally})", flush=True)
    return tally


def run_all(checks: Iterable[Check], *, live: bool) -> Tally:
    """Run checks one after the other and live, or two at a time and quietly."""
    with ThreadPoolExecutor(max_workers=1 if live else 2) as pool:
        return sum(pool.map(lambda check: run(check, live=live), checks), Tally())


def refuse(name: str) -> int:
    """Say which scenarios there are; the exit code of a wrong call."""
    here = ", ".join(present_scenarios()) or "none"
    reason = "is planned and not here yet" if name in SCENARIOS else f"is unknown; known: {', '.join(SCENARIOS)}"
    print(f"scenario '{name}' {reason}; here now: {here}", file=sys.stderr)
    return 2


def run_scenarios(names: Iterable[str], *, slow: bool) -> Tally:
    """Scenarios on the sandbox; where it does not start, that one failure says it all."""
    tally = run(Check(name="sandbox", command=("make", "--no-print-directory", "sandbox"), count=one), live=True)
    if tally.failed:
        return tally
    return tally + run_all((check for name in names for check in scenario(name, slow=slow)), live=True)


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; exit code 0 when nothing failed, 1 when something did, 2 for a wrong call."""
    REPORTS.mkdir(exist_ok=True)
    match arguments:
        case ["scenario", name] if name not in present_scenarios():
            return refuse(name)
        case ["scenario", name]:
            tally = run_scenarios([name], slow=True)
        case ["fast"]:
            tally = run_all(fast(slow=False), live=False)
        case ["quick" | "all" as extent]:
            tally = run_all(fast(slow=extent == "all"), live=False)
            tally += run_scenarios(present_scenarios(), slow=extent == "all")
            # Last, since these tests stop the sandbox that the others run on.
            tally += run(end_to_end("sandbox", slow=extent == "all"), live=True)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    (REPORTS / "closing-line").write_text(f"{tally}\n", encoding="utf-8")
    print(f"\n{tally}", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
