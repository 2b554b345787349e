# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module `config`, run as Ansible runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.modules import config

from .conftest import RunModule


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "repository" / "k8s-ee.yaml"
    path.parent.mkdir()
    return path


def test_a_valid_file_comes_back_complete(run_module: RunModule, file: Path) -> None:
    file.write_text("projectId: shop\n")
    outcome = run_module(config.main, path=str(file))
    assert not outcome.failed
    assert outcome["changed"] is False
    assert outcome["config"] == Config.parse({"projectId": "shop"}).normalised()
    assert outcome.warnings == ()


@pytest.mark.parametrize("mode", ["check", "diff"])
def test_modes_give_the_same_since_it_only_reads(run_module: RunModule, file: Path, mode: str) -> None:
    file.write_text("projectId: shop\ndatabases: {postgresql: true}\n")
    plain = run_module(config.main, path=str(file))
    moded = run_module(config.main, path=str(file), **{mode: True})
    assert moded["config"] == plain["config"]
    assert file.read_text() == "projectId: shop\ndatabases: {postgresql: true}\n"


def test_every_fault_comes_at_once_with_its_line(run_module: RunModule, file: Path) -> None:
    file.write_text("projectId: shop\napp:\n  prot: 3000\n  uid: 0\n")
    outcome = run_module(config.main, path=str(file))
    assert outcome.failed
    assert [(error["field"], error["line"]) for error in outcome["errors"]] == [("app.prot", 3), ("app.uid", 4)]
    assert outcome["msg"] == (
        "k8s-ee.yaml has 2 errors:\n"
        "- line 3: app.prot: unknown key; did you mean port? allowed here: command, healthPath, metricsPath, port, "
        "replicas, uid, writableDirs\n"
        "- line 4: app.uid: is 0; must be a whole number from 1 to 2147483647"
    )
    assert "config" not in outcome.result


def test_a_single_fault_is_one_line(run_module: RunModule, file: Path) -> None:
    file.write_text("")
    outcome = run_module(config.main, path=str(file))
    assert outcome["msg"] == "k8s-ee.yaml: line 1: is empty; write at least projectId"
    assert outcome["errors"] == [{"field": "", "message": "is empty; write at least projectId", "line": 1}]


def test_what_is_not_served_yet_is_a_warning_here(run_module: RunModule, file: Path) -> None:
    file.write_text("projectId: shop\ndatabases:\n  redis: true\n")
    outcome = run_module(config.main, path=str(file))
    assert not outcome.failed
    assert outcome.warnings == (
        "k8s-ee.yaml: line 3: not yet supported: databases.redis; deploying is refused until it is removed",
    )


def test_values_of_variables_are_in_no_message(run_module: RunModule, file: Path) -> None:
    file.write_text("projectId: shop\nenv:\n  A: 271828\n  B: [hunter2]\n  C: no\n  D: *hunter3\n  PORT: hunter4\n")
    outcome = run_module(config.main, path=str(file))
    assert len(outcome["errors"]) == 5
    for value in ("271828", "hunter2", "hunter3", "hunter4"):
        assert value not in str(outcome.result)


def test_a_missing_file_says_what_to_do(run_module: RunModule, tmp_path: Path) -> None:
    path = tmp_path / "k8s-ee.yaml"
    outcome = run_module(config.main, path=str(path))
    assert outcome["msg"] == f"{path} does not exist; write it, with at least projectId, or name another path"
    assert [error["field"] for error in outcome["errors"]] == [""]


def test_a_directory_is_refused(run_module: RunModule, tmp_path: Path) -> None:
    outcome = run_module(config.main, path=str(tmp_path))
    assert outcome["msg"] == f"{tmp_path} is not a file; give the path of k8s-ee.yaml"


def test_a_pipe_is_refused_without_waiting_for_a_writer(run_module: RunModule, file: Path) -> None:
    os.mkfifo(file)
    assert run_module(config.main, path=str(file))["msg"] == f"{file} is not a file; give the path of k8s-ee.yaml"


def test_an_unreadable_file_is_one_line(run_module: RunModule, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("projectId: shop\n")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(config.os, "open", denied)
    outcome = run_module(config.main, path=str(file))
    assert outcome["msg"] == f"{file} cannot be read: Permission denied; check path and permissions"


def test_a_file_of_a_megabyte_is_not_read_whole(run_module: RunModule, file: Path) -> None:
    file.write_bytes(b"#" * 1_000_000)
    assert run_module(config.main, path=str(file))["msg"] == "k8s-ee.yaml: is larger than 64 KiB; shorten it"


def test_a_link_to_a_file_elsewhere_is_refused(run_module: RunModule, file: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    file.symlink_to(tmp_path / "secret")
    outcome = run_module(config.main, path=str(file))
    assert outcome["msg"] == f"{file} is a link that leads out of its directory; write a file there instead"


def test_a_link_within_the_repository_is_followed(run_module: RunModule, file: Path) -> None:
    (file.parent / "deploy").mkdir()
    (file.parent / "deploy" / "preview.yaml").write_text("projectId: shop\n")
    file.symlink_to("deploy/preview.yaml")
    assert run_module(config.main, path=str(file))["config"]["projectId"] == "shop"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("image: {context: out}", "image.context"),
        ("image: {dockerfile: out/Dockerfile}", "image.dockerfile"),
        ("source: {chart: out/chart}", "source.chart"),
        ("image: {context: round}", "image.context"),
    ],
)
def test_paths_whose_links_lead_out_of_the_repository_are_refused(
    run_module: RunModule, file: Path, document: str, field: str
) -> None:
    (file.parent / "out").symlink_to("/usr")
    (file.parent / "round").symlink_to("round")
    file.write_text(f"projectId: shop\n{document}\n")
    outcome = run_module(config.main, path=str(file))
    assert [error["field"] for error in outcome["errors"]] == [field]
    assert "a link that leads out of the repository" in outcome["msg"]


def test_paths_that_do_not_exist_yet_are_taken_on_trust(run_module: RunModule, file: Path) -> None:
    file.write_text("projectId: shop\nimage: {context: later, dockerfile: build/Dockerfile}\n")
    assert run_module(config.main, path=str(file))["config"]["image"]["context"] == "later"


def test_a_missing_yaml_library_is_named(run_module: RunModule, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "YAML_IMPORT_ERROR", "ImportError")
    assert "PyYAML" in run_module(config.main, path=str(file))["msg"]
