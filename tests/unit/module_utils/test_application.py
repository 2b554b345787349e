# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application, image and services."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.application import IMAGE, SERVICES, Image, Service
from ansible_collections.ephemeral.k8s.plugins.module_utils.reading import Reading

from ..judging import accepted, fault_of, judge


@pytest.mark.parametrize(
    ("image", "path"),
    [
        (Image(), "Dockerfile"),
        (Image(context="api"), "api/Dockerfile"),
        (Image(context="api", dockerfile="build/Dockerfile"), "api/build/Dockerfile"),
    ],
)
def test_the_dockerfile_lies_below_the_context(image: Image, path: str) -> None:
    assert image.dockerfile_path == path


def test_a_dockerfile_that_a_link_leads_out_is_refused_by_its_whole_path() -> None:
    reading = Reading(leads_out=lambda path: path == "api/Dockerfile")
    message = fault_of(IMAGE, {"context": "api"}, reading)
    assert message == "x.dockerfile: is 'Dockerfile', a link that leads out of the repository"


def test_a_context_that_is_refused_is_told_once() -> None:
    assert len(judge(IMAGE, {"context": "api"}, Reading(leads_out=lambda path: True)).faults) == 1


def test_a_service_without_port_is_a_worker() -> None:
    assert accepted(SERVICES, {"worker": {"command": ["run"]}}) == {"worker": Service(command=("run",))}
    assert accepted(SERVICES, {"worker": {}})["worker"].port is None


@pytest.mark.parametrize("key", ["healthPath", "metricsPath"])
def test_what_asks_a_worker_over_http_is_refused(key: str) -> None:
    assert fault_of(SERVICES, {"w": {key: "/x"}}).startswith(f"x.w.{key}: has no effect without port")
    assert judge(SERVICES, {"w": {key: "/x", "port": 1}}).faults == ()


def test_a_port_that_is_refused_makes_no_worker() -> None:
    assert [fault.partition(":")[0] for fault in judge(SERVICES, {"w": {"healthPath": "/x", "port": 0}}).faults] == [
        "x.w.port"
    ]


@pytest.mark.parametrize("name", ["a", "api", "api-2", "a" * 29])
def test_names_of_services(name: str) -> None:
    assert name in accepted(SERVICES, {name: {}})


@pytest.mark.parametrize("name", ["app", "postgresql", "mariadb", "mongodb", "redis", "s3", "minio"])
def test_names_that_the_environment_needs_itself_are_refused(name: str) -> None:
    assert fault_of(SERVICES, {name: {}}).startswith(f"x.{name}: is taken: ")


@pytest.mark.parametrize("name", ["", "1a", "-a", "a-", "A", "a_b", "a.b", "a" * 30, "api\n"])
def test_names_that_are_no_part_of_a_host_are_refused(name: str) -> None:
    assert "the key must be 1 to 29 of a-z" in fault_of(SERVICES, {name: {}})
