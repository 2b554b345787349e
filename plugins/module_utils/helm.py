# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts to objects by `helm template`: a local process of 0.05 s that reaches no cluster and no network."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import yaml

from .errors import RefusedError
from .objects import Manifest, stamp

# libyaml's parser is ten times as fast as the one in Python; not every build of PyYAML has it.
_SAFE_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

OLDEST_KUBERNETES: Final = "1.29.0"
"""What the charts are rendered for: the oldest Kubernetes that they take (`kubeVersion` in Chart.yaml).

Given outright, since a helm built from its Go module claims whatever version its client library has.
"""

_TIMEOUT_SECONDS: Final = 60.0
_NOISE: Final = ("WARNING:", "level=", "time=", "Use --debug", "walk.go:")
_NO_CHART: Final = ("not found", "Chart.yaml file is missing", "no such file or directory")


# Kubernetes has the types of JSON only, and charts may write the mode of a file as 0440. PyYAML would take "2024-02-30"
# for a date, "12:30" for a number and "=" for a sign of its own, all of which helm writes without quotes.
class _Loader(_SAFE_LOADER):  # type: ignore[misc]
    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|~)?\Z"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(?:0[0-7]*|[1-9][0-9]*)\Z"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z"),
    list("-0123456789"),
)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A command that ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class Runner(Protocol):
    """Runs a command to its end."""

    def __call__(self, command: Sequence[str], *, stdin: str) -> Finished:
        """Run it with this standard input.

        :raises OSError: where the program cannot be started.
        :raises TimeoutError: where it does not end.
        """


def run_local(command: Sequence[str], *, stdin: str) -> Finished:
    """A :class:`Runner` of processes on this machine."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise TimeoutError(f"did not end within {_TIMEOUT_SECONDS:.0f} s") from expired
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr)


class Helm:
    """The helm program, version 3 or 4.

    :param program: its path, or its name where it is on PATH.
    """

    def __init__(self, *, program: str, run: Runner = run_local) -> None:
        self._program = program
        self._run = run

    def template(self, chart: str, *, release: str, namespace: str, values: Mapping[str, Any]) -> list[Manifest]:
        """The objects of a chart, in the order of Helm, all in ``namespace``, without those of `helm test`.

        :param chart: the chart's folder.
        :param values: JSON types; they travel by standard input, so that no list of processes shows them.
        :raises RefusedError: where program or chart are missing, or the chart does not take the values.
        """
        where = ("--namespace", namespace, "--kube-version", OLDEST_KUBERNETES)
        command = (self._program, "template", release, chart, *where, "--values", "-")
        try:
            done = self._run(command, stdin=_as_yaml(values))
        except TimeoutError as error:
            raise RefusedError(f"{self._program} {error} on chart {chart}; try again") from error
        except OSError as error:
            why = error.strerror or "cannot be started"
            raise RefusedError(
                f"helm: {self._program}: {why}; install Helm 3 or 4, or name its path in preview_helm"
            ) from error
        if done.code != 0:
            raise RefusedError(_refusal(chart, done))
        try:
            documents = list(yaml.load_all(done.out, Loader=_Loader))
        except (yaml.YAMLError, ValueError) as error:
            raise RefusedError(f"chart {chart} renders no valid YAML: {_one_line(str(error))}") from error
        return [stamp(d, namespace=namespace, labels={}) for d in documents if d and not _is_test(d)]


def _as_yaml(values: Mapping[str, Any]) -> str:
    """JSON that YAML reads alike; half of a surrogate pair, which no text can hold, becomes a question mark.

    YAML knows no pairs of escapes, so what is above U+FFFF stands as it is; it folds some other characters (U+0085).
    """
    text = json.dumps(values, ensure_ascii=False).encode(errors="replace").decode()
    return re.sub(r"[\x7f-\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_test(manifest: Mapping[str, Any]) -> bool:
    hooks = str((manifest["metadata"].get("annotations") or {}).get("helm.sh/hook", ""))
    return any(hook.strip().startswith("test") for hook in hooks.split(","))


def _refusal(chart: str, done: Finished) -> str:
    """The one line that a person needs, out of all that helm writes."""
    lines = [line.strip() for line in done.err.splitlines() if line.strip() and not line.startswith(_NOISE)]
    start = next((i for i, line in enumerate(lines) if line.startswith("Error:")), max(len(lines) - 1, 0))
    text = _one_line(" ".join(lines[start:])).removeprefix("Error: ") or f"helm ended with code {done.code}"
    if (chart in text and text.endswith(_NO_CHART)) or text.startswith(_NO_CHART):
        return f"charts: {chart} is not a chart; name the folder that has k8s-ee-app and postgresql in preview_charts"
    # Where a template refuses by `fail` or `required`, its place says nothing to who wrote the values.
    reason = re.sub(r"^execution error at \(\S+\): ", "", text)
    return f"chart {chart} does not take its values: {reason}"


def _one_line(text: str, most: int = 500) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
