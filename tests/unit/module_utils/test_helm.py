# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helm program as the core uses it: input, output, and each way to fail."""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.helm import Finished, Helm, run_local

CHART = "/charts/k8s-ee-app"
SERVICE = "---\n# Source: a\nkind: Service\nmetadata: {name: app, namespace: elsewhere}\n"
TEST_POD = "---\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: 'pre-install, test'}}\n"
HOOK = "---\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: pre-install}}\n"


class FakeRunner:
    """Answers every command alike."""

    def __init__(self, *, code=0, out="", err="", error=None):
        self.answer = Finished(code=code, out=out, err=err)
        self.error = error
        self.calls = []

    def __call__(self, command, *, stdin):
        self.calls.append((list(command), stdin))
        if self.error:
            raise self.error
        return self.answer


def template(run, values=None):
    return Helm(program="/opt/helm", run=run).template(CHART, release="app", namespace="shop-pr-7", values=values or {})


def test_values_travel_by_standard_input_alone():
    run = FakeRunner()
    template(run, {"env": [{"name": "A", "value": "s3cret: 'yes'"}]})
    ((command, stdin),) = run.calls
    assert command[:4] == ["/opt/helm", "template", "app", CHART]
    assert "s3cret" not in " ".join(command)
    assert json.loads(stdin) == {"env": [{"name": "A", "value": "s3cret: 'yes'"}]}
    assert command[command.index("--namespace") + 1] == "shop-pr-7"
    assert command[command.index("--values") + 1] == "-"
    assert "--kube-version" in command


@pytest.mark.parametrize("text", ["😀", "a\x85b", "\u2028", "\ufeff", "\\ud83d", "\x7f", "ü", "\\", '"'])
def test_values_are_json_that_yaml_reads_alike(text):
    run = FakeRunner()
    template(run, {"value": text})
    ((_, stdin),) = run.calls
    assert json.loads(stdin) == {"value": text}
    assert yaml.safe_load(stdin) == {"value": text}


def test_half_a_character_becomes_a_question_mark():
    run = FakeRunner()
    template(run, {"value": "a\ud83d"})
    ((_, stdin),) = run.calls
    assert json.loads(stdin) == {"value": "a?"}


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-15 10:00:00Z", "2024-02-28", "2024-02-30", "12:30:45", "=", "<<"),
        *("0b_", "0x_", "0x1f", "089", "1_000", ".5", "1.", "+1", "1e", ".inf", ".nan", "yes", "No", "on", "y", "-x"),
    ],
)
def test_plain_text_stays_text(text):
    (found,) = template(FakeRunner(out=f"kind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: {text}}}\n"))
    assert found["data"] == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("null", None),
        ("~", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("0440", 0o440),
        ("1.5", 1.5),
        ("1e+06", 1e6),
        ("-2E-3", -0.002),
    ],
)
def test_the_types_of_json_and_the_modes_of_files_are_read(text, value):
    (found,) = template(FakeRunner(out=f"kind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: {text}\n"))
    assert found["data"] == {"a": value}
    assert type(found["data"]["a"]) is type(value)


def test_objects_lie_in_the_namespace_whatever_the_chart_says():
    (service,) = template(FakeRunner(out=SERVICE))
    assert service["metadata"]["namespace"] == "shop-pr-7"


def test_what_helm_test_would_run_is_left_out_and_other_hooks_are_not():
    found = template(FakeRunner(out=SERVICE + TEST_POD + HOOK + "---\n# only a comment\n"))
    assert [m["kind"] for m in found] == ["Service", "Job"]


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (
            FakeRunner(error=FileNotFoundError(2, "No such file or directory")),
            "helm: /opt/helm: No such file or directory; install Helm 3 or 4, or name its path in preview_helm",
        ),
        (
            FakeRunner(error=PermissionError(13, "Permission denied")),
            "helm: /opt/helm: Permission denied; install Helm 3 or 4, or name its path in preview_helm",
        ),
        (
            FakeRunner(error=TimeoutError("did not end within 60 s")),
            f"/opt/helm did not end within 60 s on chart {CHART}; try again",
        ),
        (
            FakeRunner(code=1, err=f'Error: path "{CHART}" not found\n'),
            f"charts: {CHART} is not a chart; name the folder that has k8s-ee-app and postgresql in preview_charts",
        ),
        (
            FakeRunner(code=1, err="Error: Chart.yaml file is missing\n"),
            f"charts: {CHART} is not a chart; name the folder that has k8s-ee-app and postgresql in preview_charts",
        ),
        (
            FakeRunner(
                code=1,
                err="WARNING: old\nlevel=WARN\nError: values don't meet the specifications:\napp:\n- port: no\n\n",
            ),
            f"chart {CHART} does not take its values: values don't meet the specifications: app: - port: no",
        ),
        (
            FakeRunner(
                code=1, err="Error: execution error at (app/templates/a.yaml:6:3): image is required\n\nUse --debug"
            ),
            f"chart {CHART} does not take its values: image is required",
        ),
        (FakeRunner(code=7), f"chart {CHART} does not take its values: helm ended with code 7"),
    ],
)
def test_each_failure_is_one_line_with_the_next_step(run, says):
    with pytest.raises(RefusedError) as refused:
        template(run)
    assert str(refused.value) == says


def test_output_that_is_no_yaml_is_refused():
    with pytest.raises(RefusedError, match=r"renders no valid YAML: .*mapping values") as refused:
        template(FakeRunner(out="a: b: c"))
    assert "\n" not in str(refused.value)


def test_a_number_longer_than_python_reads_is_refused():
    with pytest.raises(RefusedError, match="renders no valid YAML: Exceeds the limit"):
        template(FakeRunner(out="kind: " + "9" * 5000))


def test_a_long_message_is_cut():
    with pytest.raises(RefusedError) as refused:
        template(FakeRunner(code=1, err="Error: " + "x" * 5000))
    assert len(str(refused.value)) < 600


class TestRunLocal:
    """The runner of real processes."""

    def test_gives_output_code_and_passes_input(self):
        done = run_local(("sh", "-c", "cat; echo oops >&2; exit 3"), stdin="häh")
        assert done == Finished(code=3, out="häh", err="oops\n")

    def test_a_missing_program_is_an_os_error(self):
        with pytest.raises(OSError, match="No such file"):
            run_local(("/no/such/program",), stdin="")

    def test_a_command_without_end_is_a_timeout(self, monkeypatch):
        monkeypatch.setattr("ansible_collections.ephemeral.k8s.plugins.module_utils.helm._TIMEOUT_SECONDS", 0.05)
        with pytest.raises(TimeoutError, match="did not end"):
            run_local(("sleep", "5"), stdin="")
