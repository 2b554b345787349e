# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`k8s-ee.yaml` as a whole: every shape and every fault by golden file, and what holds for all of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError
from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import GIB
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import required

from ...conftest import GOLDEN, Golden
from ..documents import mutated, valid

SHAPES = sorted(path.name.removesuffix(".input") for path in (GOLDEN / "config" / "valid").glob("*.input"))
FAULTS = sorted(path.name.removesuffix(".input") for path in (GOLDEN / "config" / "invalid").glob("*.input"))


def read(kind: str, name: str) -> bytes:
    return Path(GOLDEN / "config" / kind / f"{name}.input").read_bytes()


def faults_of(raw: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        Config.load(raw.encode())
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_has_its_normalised_form_and_quota(name: str, golden: Golden) -> None:
    config = Config.load(read("valid", name))
    told = [str(fault) for fault in config.unsupported()]
    shown = {"config": config.normalised(), "quota": required(config).hard(), "unsupported": told}
    golden(f"config/valid/{name}.yaml", shown)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_words(name: str, golden: Golden) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.load(read("invalid", name))
    golden(f"config/invalid/{name}.txt", "".join(f"{fault}\n" for fault in refused.value.faults))


@pytest.mark.parametrize("name", SHAPES)
def test_the_normalised_form_is_read_as_the_same_configuration(name: str) -> None:
    config = Config.load(read("valid", name))
    normalised = config.normalised()
    assert json.loads(json.dumps(normalised)) == normalised
    assert Config.parse(normalised) == config
    assert Config.load(json.dumps(normalised).encode()) == config
    assert Config.parse(normalised).normalised() == normalised


def test_only_the_project_is_required_and_the_rest_is_as_documented() -> None:
    config = Config.load(b"projectId: shop")
    assert (config.project_id, config.trigger) == ("shop", "automatic")
    assert (config.app.port, config.app.health_path, config.app.metrics_path) == (3000, "/health", None)
    assert (config.app.command, config.app.uid, config.app.replicas, config.app.writable_dirs) == (None, 1001, 1, ())
    assert (config.image.context, config.image.dockerfile, config.image.repository) == (".", "Dockerfile", None)
    assert (config.resources.requests.cpu_millis, config.resources.limits.cpu_millis) == (50, 200)
    assert config.resources.requests.memory_bytes == 128 * 1024**2
    assert config.resources.limits.memory_bytes == 384 * 1024**2
    assert (config.env, config.secrets, config.databases, config.services) == ({}, (), {}, {})
    assert (config.hooks.migrate, config.hooks.seed) == (None, None)
    assert (config.ingress.enabled, config.ingress.annotations) == (True, {})
    assert (config.metrics.enabled, config.metrics.interval_seconds) == (False, 30)
    assert (config.source.chart, config.source.kustomize, config.source.manifests) == (None, None, None)
    assert (config.expiry_idle_seconds, config.sleep_idle_seconds) == (3 * 86400, 3600)


def test_databases_are_the_enabled_ones_under_their_own_name() -> None:
    raw = b"projectId: a\ndatabases: {postgresql: true, redis: false, mariadb: {enabled: false}, minio: {storage: 2Gi}}"
    config = Config.load(raw)
    assert set(config.databases) == {"postgresql", "s3"}
    assert config.databases["s3"].storage_bytes == 2 * GIB
    assert config.databases["postgresql"].version == "15"


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    raw = "app:\n  port: 0\n  prot: 1\nprojectId: a-pr-1\nenv: {PORT: x}\ndatabases: {mysql: true}\ntriger: label\n"
    lines = [fault.partition(":")[0] for fault in faults_of(raw)]
    assert lines == ["line 2", "line 3", "line 4", "line 5", "line 6", "line 7"]


def test_a_fault_of_a_required_field_hides_no_other() -> None:
    assert faults_of("env: {PORT: x}") == [
        "line 1: projectId: is required and not there",
        "line 1: env.PORT: is reserved: the platform sets it; choose another name",
    ]


def test_a_mapping_has_faults_without_lines() -> None:
    with pytest.raises(ConfigError) as refused:
        Config.parse({"projectId": "shop", "app": {"port": 0}})
    assert [(fault.field, fault.line) for fault in refused.value.faults] == [("app.port", None)]


def test_more_faults_than_anybody_reads_are_counted() -> None:
    faults = faults_of("projectId: a\n" + "".join(f"wrong{number}: 1\n" for number in range(70)))
    assert len(faults) == 51
    assert faults[-1] == "and 20 more, not listed"


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ("projectId: a\nport: 80", "did you mean app.port?"),
        ("projectId: a\npostgres: true", "did you mean databases.postgresql?"),
        ("projectId: a\nDockerfile: x", "did you mean image.dockerfile?"),
        ("project_id: a", "did you mean projectId?"),
        ("projectId: a\napp: {health-path: /}", "did you mean healthPath?"),
        ("projectId: a\ndatabases: {mysql: true}", "did you mean mariadb?"),
        ("projectId: a\nservices: {api: {dockerfile: x}}", "allowed here: command, env, healthPath, image,"),
    ],
)
def test_an_unknown_key_names_the_nearest(raw: str, hint: str) -> None:
    assert any(hint in fault for fault in faults_of(raw))


def test_a_key_that_is_like_no_other_names_those_that_are_allowed() -> None:
    assert faults_of("projectId: a\nzzzzzz: 1")[0].startswith(
        "line 2: zzzzzz: unknown key; allowed here: app, databases,"
    )


def test_the_repr_of_a_configuration_shows_no_variable() -> None:
    assert "hunter2" not in repr(Config.load(b"projectId: a\nenv: {A: hunter2}\nservices: {b: {env: {A: hunter2}}}"))


def test_limits_of_another_inventory_are_applied() -> None:
    raw = b"projectId: a\nresources: {limits: {cpu: 3}}\ndatabases: {postgresql: {storage: 20Gi}}"
    with pytest.raises(ConfigError) as refused:
        Config.load(raw)
    assert [fault.field for fault in refused.value.faults] == ["resources.limits.cpu", "databases.postgresql.storage"]
    roomy = RangeLimits(container_cpu_millis=4000, claim_max_bytes=50 * GIB)
    assert Config.load(raw, limits=roomy).resources.limits.cpu_millis == 3000


def test_what_is_not_served_keeps_the_line_of_the_file_in_memory_only() -> None:
    config = Config.load(b"projectId: a\nsleep:\n  idle: 2h\n")
    assert [fault.line for fault in config.unsupported()] == [3]
    assert [fault.line for fault in Config.parse(config.normalised()).unsupported()] == [None]


@settings(max_examples=60, deadline=None)
@given(valid())
def test_every_valid_document_is_read_and_normalising_is_idempotent(tree: dict[str, Any]) -> None:
    config = Config.parse(tree)
    normalised = config.normalised()
    assert Config.parse(normalised) == config
    assert Config.parse(normalised).normalised() == normalised
    assert json.loads(json.dumps(normalised)) == normalised


def refusal(tree: Any) -> list[str] | None:
    try:
        Config.parse(tree)
    except ConfigError as refused:
        return [str(fault) for fault in refused.faults]
    return None


@settings(max_examples=120, deadline=None)
@given(mutated())
def test_whatever_is_written_only_a_config_error_is_raised(tree: Any) -> None:
    told = refusal(tree)
    assert told is None or told
    assert all(len(line) < 1200 and "\n" not in line for line in told or ())


WORST = {
    "unknown keys": "projectId: a\n" + "".join(f"prjectId{number}: 1\n" for number in range(2000)),
    "annotations": "projectId: a\ningress: {annotations: {" + ",".join(f"traefik{n}: a" for n in range(2000)) + "}}",
    "services": "projectId: a\nservices:\n"
    + "".join(f"  s{n}: {{prot: 1, healtPath: 2, imag: 3}}\n" for n in range(10)),
    "variables": "projectId: a\nenv: {" + ",".join(f"A{n}: 1" for n in range(200)) + "}",
    "path": "projectId: a\nimage: {context: " + "a/" * 32_000 + "!}",
}


@pytest.mark.parametrize("raw", WORST.values(), ids=WORST.keys())
def test_no_configuration_takes_more_than_50_ms(raw: str) -> None:
    spent = []
    for _ in range(3):
        started = time.process_time()
        faults_of(raw)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.05
