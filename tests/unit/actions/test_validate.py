# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action `validate`: this checkout's playbook, without inventory and cluster."""

from __future__ import annotations

import json

import pytest

from .conftest import Job

STEP = {"INPUT_PLAYBOOK": "validate", "INPUT_INVENTORY": "none", "INPUT_PR_CONFIG": "source/k8s-ee.yaml"}


@pytest.fixture
def source(job: Job) -> Job:
    job.use_the_real_platform()
    (job.workspace / "source").mkdir()
    return job


def test_a_valid_configuration_tells_what_a_build_has_to_know(source: Job) -> None:
    (source.workspace / "source/k8s-ee.yaml").write_text(
        "projectId: shop\nimage: {context: web, dockerfile: Dockerfile.preview}\nenv: {GREETING: hidden-words}\n"
    )
    (source.workspace / "source/web").mkdir()
    done = source.run(**STEP)
    assert done.code == 0, done.log
    outputs = {name: done.outputs[name] for name in ("status", "project", "context", "dockerfile", "repository")}
    assert outputs == {
        "status": "done",
        "project": "shop",
        "context": "web",
        "dockerfile": "Dockerfile.preview",
        "repository": "",
    }
    assert "hidden-words" not in done.log


def test_a_wrong_one_is_refused_with_every_fault(source: Job) -> None:
    (source.workspace / "source/k8s-ee.yaml").write_text("projectId: Shop\nbanana: 1\n")
    done = source.run(**STEP)
    assert (done.code, done.outputs["status"], done.outputs["project"]) == (2, "refused", "")
    message = json.loads(done.outputs["preview"])["diagnosis"]["message"]
    assert "projectId" in message
    assert "banana" in message
