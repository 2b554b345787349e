# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook for one pull request inside a job: ``run.py``, with its inputs in the environment.

Nothing of a run outlives it. Its directory is its own, of mode 0700 and removed whatever happens, since ansible-runner
writes the environment, secrets included, into its artifacts. See README.md for the inputs and the exit codes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from job.files import write_outputs, write_summary
from job.log import JobLog
from preview import processes
from preview.course import Course
from preview.ending import Ending
from preview.variables import InputError, as_json, inside, parsed

PLATFORM: Final = Path(__file__).resolve().parents[3]
# GitHub asks by SIGINT, 7.5 s later by SIGTERM, and kills 2.5 s after that; the report has to be written by then.
STOP_SECONDS: Final = 8.5
_SECRET_NAME: Final = re.compile(r"(?:^|_)(?:TOKEN|PASSWORD|SECRET|CREDENTIALS?|PRIVATE_KEY)$")
# The job's own credentials that no playbook needs, and settings that would change what runs.
_NOT_HANDED_ON: Final = re.compile(r"(?:ANSIBLE|INPUT|ACTIONS_(?:RUNTIME|CACHE|RESULTS)|PYTHON)(?:_|$)|PYTHONPATH$")


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step is asked for; everything is checked before anything runs."""

    playbook: Path
    inventory: Path
    variables: Mapping[str, str]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Step:
        """The step as the environment describes it.

        :raises InputError: where an input cannot be used.
        """
        asked = {name.removeprefix("INPUT_").lower(): value for name, value in environ.items() if name[:6] == "INPUT_"}
        playbook = inside(PLATFORM / "playbooks", f"{asked.get('playbook') or 'pr'}.yml", what="playbook")
        if not playbook.is_file():
            raise InputError(f"playbook {playbook.stem!r} does not exist")
        variables = parsed(
            {name: value for name, value in asked.items() if re.match("pr(_|$)", name)}, asked.get("variables", "")
        )
        if config := variables.get("pr_config"):
            workspace = Path(environ.get("GITHUB_WORKSPACE") or Path.cwd())
            variables["pr_config"] = str(inside(workspace, config, what="pr_config"))
        return cls(
            playbook=playbook,
            inventory=_inventory(asked.get("inventory", ""), environ.get("EPHEMERAL_K8S_INVENTORY", "")),
            variables=variables,
        )


def _inventory(asked: str, of_the_runner: str) -> Path:
    """The inventory: one of the platform's own by its path, else the one that whoever runs the runners put there.

    A playbook that needs none runs with Ansible's own idea of this machine.
    """
    if asked == "none":
        return Path("localhost,")
    if asked:
        path = inside(PLATFORM / "inventories", asked.removeprefix("inventories/"), what="inventory")
    elif of_the_runner:
        path = Path(of_the_runner)
    else:
        raise InputError("no inventory: give the input, or set EPHEMERAL_K8S_INVENTORY on the runner")
    if not path.exists():
        raise InputError(f"inventory {str(path)!r} does not exist")
    return path


class Cancellation:
    """Remembers the first signal that asked to stop, and passes it on until it has been heard."""

    def __init__(self) -> None:
        self.number = 0
        self.deadline = float("inf")

    def listen(self) -> None:
        """Take SIGINT and SIGTERM from here on; a second one changes nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)

    def pass_on(self) -> bool:
        """Ask the playbook to stop, where this run was asked; False: ansible-runner itself would kill it at once."""
        if self.number:
            processes.signal_children(signal.SIGTERM)
        return False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if not self.number:
            self.number = number
            self.deadline = time.monotonic() + STOP_SECONDS
            self.pass_on()


def play(step: Step, folder: Path, log: JobLog, cancellation: Cancellation) -> Ending:
    """Run the playbook in its private directory and say how it ended, after all of its processes have."""
    import ansible_runner  # 0.2 s that a refused input does not wait for

    course = Course(log)
    try:
        runner: Any = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=str(step.playbook),
            inventory=[str(step.inventory)],
            settings={"pexpect_timeout": 1, "suppress_output_file": True},
            event_handler=course.take,
            cancel_callback=cancellation.pass_on,
            quiet=True,
        )
    finally:
        if not cancellation.number:  # an ansible-playbook that was killed left what it had started
            processes.signal_children(signal.SIGTERM)
        processes.await_end(min(cancellation.deadline, time.monotonic() + STOP_SECONDS))
    if course.preview:
        return Ending.told(course.preview, course.outputs)
    if cancellation.number:
        name = signal.Signals(cancellation.number).name
        return Ending.untold("cancelled", f"the run was asked to stop ({name})", by_signal=cancellation.number)
    if course.outputs and runner.rc == 0:  # of a playbook that is about no environment
        return Ending.told({"status": "done"}, course.outputs)
    last = log.redacted("\n".join(course.last_lines))
    return Ending.untold("failed", f"ansible-playbook ended with {runner.rc} before it could tell how", log=last)


def prepare(step: Step, folder: Path) -> dict[str, str]:
    """Lay out the private directory; the environment that Ansible needs for it."""
    (folder / "env").mkdir(mode=0o700)
    # ansible-runner hands this file to ansible-playbook by name: no value stands on a command line.
    with os.fdopen(os.open(folder / "env/extravars", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(as_json(step.variables))
    collection = folder / "collections/ansible_collections/ephemeral/k8s"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(PLATFORM)
    return {
        "ANSIBLE_CONFIG": str(PLATFORM / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible/tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
        # The programs of the environment that this one runs in come first.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def run(environ: MutableMapping[str, str], log: JobLog) -> Ending:
    """Do what the step asks for."""
    cancellation = Cancellation()
    cancellation.listen()
    processes.adopt_orphans()
    log.mask(value for name, value in environ.items() if _SECRET_NAME.search(name))
    try:
        step = Step.of(environ)
    except InputError as error:
        return Ending.untold("refused", str(error))
    temporary = environ.get("RUNNER_TEMP")
    folder = Path(
        tempfile.mkdtemp(prefix="preview-", dir=temporary if temporary and Path(temporary).is_dir() else None)
    )
    try:
        for name in [name for name in environ if _NOT_HANDED_ON.match(name)]:
            del environ[name]
        environ.update(prepare(step, folder))
        return play(step, folder, log, cancellation)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report(ending: Ending, environ: Mapping[str, str], log: JobLog) -> None:
    """Tell the log, the next steps and the people who look at the run."""
    log.end_group()
    log.line(" ".join(part for part in (ending.namespace, ending.status, ending.url) if part))
    if ending.exit_code:
        log.error(f"preview {ending.status}", ending.message.partition("\n")[0])
    # A run outside GitHub has neither file.
    with suppress(KeyError):
        write_outputs(Path(environ["GITHUB_OUTPUT"]), {k: log.redacted(v) for k, v in ending.outputs().items()})
    with suppress(KeyError):
        write_summary(Path(environ["GITHUB_STEP_SUMMARY"]), log.redacted(ending.summary()))


def main() -> int:
    """The step, from its inputs to its exit code."""
    os.umask(0o077)
    files = {name: os.environ[name] for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY") if os.environ.get(name)}
    log = JobLog(sys.stdout)
    try:
        ending = run(os.environ, log)
        report(ending, files, log)
        return ending.exit_code
    finally:
        log.close()


if __name__ == "__main__":
    sys.exit(main())
