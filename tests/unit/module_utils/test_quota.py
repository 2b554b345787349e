# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: the sum of the parts, room for a roll-out, and refusals that show the sum."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.limits import RangeLimits
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import GIB, MIB
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import (
    Capacity,
    Part,
    Quota,
    breakdown,
    refuse_unfit,
    required,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.sizes import DATABASE_SIZES

from ..documents import valid

LARGE = Capacity(cpu_millis=64_000, memory_bytes=256 * GIB, storage_bytes=1000 * GIB)


def config(**document: Any) -> Config:
    return Config.parse({"projectId": "shop", **document})


def part(parts: tuple[Part, ...], name: str) -> Part:
    (found,) = [part for part in parts if part.name == name]
    return found


def test_an_application_alone_needs_the_base_twice_since_it_rolls() -> None:
    assert required(config()).hard() == {
        "requests.cpu": "100m",
        "requests.memory": "256Mi",
        "limits.cpu": "690m",  # 2 x 300m, and 15 %
        "limits.memory": "1178Mi",  # 2 x 512Mi, and 15 %, to the whole Mi above
        "requests.storage": "0",
        "pods": "2",
        "persistentvolumeclaims": "0",
        "services": "1",
        "secrets": "4",
        "configmaps": "4",
    }


@pytest.mark.parametrize(
    ("kind", "cpu", "memory", "storage"),
    [
        ("postgresql", (100, 500), (128, 512), 1024),
        ("mariadb", (50, 300), (128, 384), 1024),
        ("mongodb", (100, 500), (256, 512), 1024),
        ("redis", (50, 200), (64, 128), 0),
        ("s3", (50, 300), (64, 256), 1024),
    ],
)
def test_each_database_adds_its_row_of_the_table(
    kind: str, cpu: tuple[int, int], memory: tuple[int, int], storage: int
) -> None:
    added = part(breakdown(config(databases={kind: True})), f"databases.{kind}")
    assert (added.cpu_request_millis, added.cpu_limit_millis) == cpu
    assert (added.memory_request_bytes // MIB, added.memory_limit_bytes // MIB) == memory
    assert added.storage_bytes == storage * MIB
    assert added.persistent_volume_claims == (1 if storage else 0)
    assert (added.pods, added.services, added.secrets, added.config_maps) == (1, 1, 1, 1)


def test_resources_that_were_chosen_take_the_place_of_the_base() -> None:
    parts = breakdown(config(resources={"limits": {"cpu": 1, "memory": "1Gi"}}, app={"replicas": 3}))
    assert part(parts, "app").cpu_limit_millis == 3000
    assert part(parts, "app").memory_limit_bytes == 3 * GIB
    assert part(parts, "rolling update").memory_limit_bytes == GIB


def test_services_count_and_the_largest_of_all_is_the_pod_that_rolls() -> None:
    services = {"api": {"port": 1, "resources": {"limits": {"cpu": 2}}}, "worker": {"replicas": 2}}
    parts = breakdown(config(services=services))
    assert part(parts, "services.api").services == 1
    assert part(parts, "services.worker").services == 0
    assert part(parts, "services.worker").pods == 2
    assert part(parts, "rolling update").cpu_limit_millis == 2000
    assert part(parts, "rolling update").memory_limit_bytes == 512 * MIB


@pytest.mark.parametrize("hooks", [{"migrate": "a"}, {"seed": "a"}, {"migrate": "a", "seed": "b"}])
def test_one_job_in_the_application_image_is_counted_however_many_hooks(hooks: dict[str, str]) -> None:
    job = part(breakdown(config(hooks=hooks)), "largest Job")
    assert (job.pods, job.cpu_limit_millis) == (1, 300)


def test_a_job_that_loads_a_seed_has_what_the_limit_range_gives() -> None:
    seeded = config(databases={"postgresql": {"seed": "a.sql"}})
    job = part(breakdown(seeded, limits=RangeLimits(default_memory_bytes=GIB)), "largest Job")
    assert job.memory_limit_bytes == GIB


def test_without_jobs_none_is_counted() -> None:
    assert [part.name for part in breakdown(config())] == ["app", "rolling update", "namespace"]


@settings(max_examples=60, deadline=None)
@given(valid())
def test_the_quota_is_the_sum_of_the_parts_with_headroom_on_limits_only(tree: dict[str, Any]) -> None:
    parsed = Config.parse(tree)
    need, quota = Quota.total(breakdown(parsed)), required(parsed)
    assert quota.cpu_request_millis == need.cpu_request_millis
    assert quota.memory_request_bytes == need.memory_request_bytes
    assert (quota.pods, quota.storage_bytes) == (need.pods, need.storage_bytes)
    assert need.cpu_limit_millis * 1.15 <= quota.cpu_limit_millis < need.cpu_limit_millis * 1.15 + 1
    assert need.memory_limit_bytes * 1.15 <= quota.memory_limit_bytes < need.memory_limit_bytes * 1.15 + 3 * MIB
    refuse_unfit(parsed, quota, LARGE)


@settings(max_examples=60, deadline=None)
@given(valid())
def test_everything_that_is_declared_starts_inside_with_a_pod_to_roll(tree: dict[str, Any]) -> None:
    parsed, quota = Config.parse(tree), required(Config.parse(tree))
    pods = [parsed.resources] * (parsed.app.replicas + 1)
    pods += [service.resources for service in parsed.services.values() for _ in range(service.replicas)]
    pods += [DATABASE_SIZES[kind] for kind in parsed.databases]
    assert sum(pod.limits.cpu_millis for pod in pods) <= quota.cpu_limit_millis
    assert sum(pod.limits.memory_bytes for pod in pods) <= quota.memory_limit_bytes
    assert sum(pod.requests.cpu_millis for pod in pods) <= quota.cpu_request_millis
    assert sum(pod.requests.memory_bytes for pod in pods) <= quota.memory_request_bytes
    assert len(pods) <= quota.pods


def refusal(parsed: Config, quota: Quota | None = None, node: Capacity | None = None, **limits: Any) -> str:
    with pytest.raises(RefusedError) as refused:
        refuse_unfit(parsed, quota or required(parsed), node, **limits)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_does_not_fit_the_node_is_refused_with_the_sum() -> None:
    node = Capacity(cpu_millis=2000, memory_bytes=1300 * MIB, storage_bytes=0)
    assert refusal(config(databases={"postgresql": True}), node=node) == (
        "shop does not fit; memory limits: app 512Mi + databases.postgresql 512Mi + rolling update 512Mi = 1536Mi, "
        "the node has 1300Mi; lower resources or replicas, or do without a database or service"
    )


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (Capacity(cpu_millis=199, memory_bytes=GIB * 9, storage_bytes=0), "CPU requests: app 50m + "),
        (Capacity(cpu_millis=999, memory_bytes=383 * MIB, storage_bytes=0), "memory requests: app 128Mi + "),
        (Capacity(cpu_millis=999, memory_bytes=GIB * 9, storage_bytes=MIB), "storage: databases.postgresql 1024Mi = "),
    ],
)
def test_each_amount_of_the_node_counts(node: Capacity, words: str) -> None:
    assert words in refusal(config(databases={"postgresql": True}), node=node)


def test_a_node_with_fewer_cpus_than_the_limits_is_no_reason_to_refuse() -> None:
    parsed = config(resources={"limits": {"cpu": 2}})
    refuse_unfit(parsed, required(parsed), Capacity(cpu_millis=2000, memory_bytes=GIB * 9, storage_bytes=0))


def test_storage_that_is_not_known_is_not_compared() -> None:
    parsed = config(databases={"postgresql": True})
    refuse_unfit(parsed, required(parsed), Capacity(cpu_millis=2000, memory_bytes=GIB * 9, storage_bytes=0))


def test_an_unknown_node_is_not_compared() -> None:
    refuse_unfit(config(), required(config()), None)


@pytest.mark.parametrize(
    ("less", "words"),
    [
        ({"cpu_request_millis": 99}, "CPU requests: app 50m + rolling update 50m = 100m, the quota has 99m"),
        ({"cpu_limit_millis": 599}, "CPU limits: app 300m + rolling update 300m = 600m, the quota has 599m"),
        ({"memory_request_bytes": 0}, "memory requests: app 128Mi + rolling update 128Mi = 256Mi, the quota has 0Mi"),
        (
            {"memory_limit_bytes": GIB - 1},
            "memory limits: app 512Mi + rolling update 512Mi = 1024Mi, the quota has 1023Mi",
        ),
        ({"pods": 1}, "pods: app 1 + rolling update 1 = 2, the quota has 1"),
    ],
)
def test_a_quota_that_somebody_made_too_small_is_refused(less: dict[str, int], words: str) -> None:
    quota = Quota(**{**vars(required(config())), **less})
    assert words in refusal(config(), quota)


def test_a_limit_range_that_admits_no_such_container_is_refused() -> None:
    tight = RangeLimits(container_cpu_millis=400, container_memory_bytes=400 * MIB)
    message = refusal(config(databases={"postgresql": True}), limits=tight)
    assert "CPU limit: databases.postgresql 500m, a container may have 400m" in message
    assert "memory limit: databases.postgresql 512Mi, a container may have 400Mi" in message


def test_all_that_does_not_fit_is_told_at_once() -> None:
    message = refusal(config(), node=Capacity(cpu_millis=1, memory_bytes=1, storage_bytes=1))
    assert [words in message for words in ("CPU requests", "memory requests", "memory limits")] == [True] * 3
