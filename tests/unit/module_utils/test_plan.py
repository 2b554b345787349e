# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything is decided before anything is touched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.environment import World
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError, RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref, ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.plan import make
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import Capacity
from ansible_collections.ephemeral.k8s.plugins.module_utils.record import Record
from ansible_collections.ephemeral.k8s.plugins.module_utils.survey import Survey
from tests.unit.engine import PLACE, REQUEST
from tests.unit.engine import PLATFORM as ANY_PLATFORM
from tests.unit.fakes import FakeClock, FakeCluster, FakeProber

PLATFORM = replace(ANY_PLATFORM, domain="preview.test", https_port=8443, egress_except=("9.9.9.0/24",))


class OneWorkload:
    """Each chart renders one workload of its release's name, a Deployment unless told otherwise."""

    workload: ClassVar[dict[str, Any]] = {"kind": "Deployment", "spec": {}}

    def template(self, _chart, *, release, namespace, values):
        assert (namespace, bool(values)) == (PLACE, True)
        return [{"apiVersion": "apps/v1", "metadata": {"name": release}, **self.workload}]


def namespace(**metadata):
    labels = {"k8s-ee/project": "demo", "k8s-ee/pr": "1", "k8s-ee/repository-id": "42"}
    ours = {"app.kubernetes.io/managed-by": "ephemeral.k8s"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE, "labels": labels | ours, **metadata}}


def seen(*existing, capacity=None):
    place = next((obj for obj in existing if obj["kind"] == "Namespace"), None)
    return Survey(
        namespace=place,
        existing={ref(obj): obj for obj in existing},
        record=Record.read(FakeCluster(), namespace="platform", identity=REQUEST.identity),
        capacity=capacity,
        node_addresses=("5.6.7.8",),
        api_addresses=("20.0.0.1",),
        pod_cidrs=("10.244.0.0/24",),
        service_cidrs=("10.96.0.0/16",),
    )


@pytest.fixture
def plan():
    with ThreadPoolExecutor(2) as pool:
        world = World(
            cluster=FakeCluster(),
            helm=OneWorkload(),
            prober=FakeProber(),
            clock=FakeClock(),
            pool=pool,
            token=lambda size: "t" * size,
            run="me",
            timeout_seconds=1,
            lease_wait_seconds=1,
        )

        def make_plan(survey=None, request=REQUEST, **config):
            return make(world, PLATFORM, request, {"projectId": "demo", **config}, survey or seen())

        make_plan.helm = world.helm
        yield make_plan
        assert world.cluster.objects == {}, "planning touched the cluster"


def test_the_namespace_comes_first_and_every_object_lies_in_it(plan):
    made = plan(databases={"postgresql": True})
    assert ref(made.guardrails[0]) == Ref("Namespace", PLACE)
    rest = (*made.guardrails[1:], *made.credentials, *made.data, *made.app)
    assert {obj["metadata"]["namespace"] for obj in rest} == {PLACE}
    assert all(obj["metadata"]["labels"]["k8s-ee/repository-id"] == "42" for obj in rest)


def test_databases_come_before_the_application(plan):
    made = plan(databases={"postgresql": True})
    assert [obj["metadata"]["name"] for obj in made.data] == ["postgresql"]
    assert [obj["metadata"]["name"] for obj in made.app] == ["app"]
    assert [obj["metadata"]["name"] for obj in made.credentials] == ["postgresql"]


def test_without_a_database_there_is_nothing_of_one(plan):
    made = plan()
    assert (made.data, made.credentials) == ((), ())


@pytest.mark.parametrize(("enabled", "url"), [(True, "https://demo-pr-1.preview.test:8443"), (False, None)])
def test_the_url_is_there_with_an_ingress_only(plan, enabled, url):
    assert plan(ingress={"enabled": enabled}).url == url


def test_no_environment_reaches_nodes_the_api_server_or_what_the_inventory_excepts(plan):
    policies = [obj for obj in plan().guardrails if obj["kind"] == "NetworkPolicy"]
    excepted = str([policy["spec"].get("egress") for policy in policies])
    assert "5.6.7.8/32" in excepted
    assert "20.0.0.1/32" in excepted
    assert "9.9.9.0/24" in excepted


def test_the_time_of_birth_stays_over_redeploys(plan):
    first = plan().guardrails[0]["metadata"]["annotations"]["k8s-ee/created-at"]
    assert first == "2026-01-02T03:04:05Z"
    born = namespace(annotations={"k8s-ee/created-at": "2025-12-31T00:00:00Z"})
    again = plan(seen(born)).guardrails[0]["metadata"]["annotations"]["k8s-ee/created-at"]
    assert again == "2025-12-31T00:00:00Z"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"app": {"port": 0}}, "app.port"),
        ({"databases": {"redis": True}}, "not yet supported: databases.redis"),
    ],
)
def test_a_configuration_that_cannot_be_served_is_refused(plan, config, message):
    with pytest.raises(ConfigError, match=message):
        plan(**config)


def test_a_profile_that_has_no_guard_rails_yet_is_refused(plan):
    with pytest.raises(RefusedError, match="not yet supported: profile fork"):
        plan(request=replace(REQUEST, profile="fork"))


def test_what_names_no_image_is_refused(plan):
    with pytest.raises(RefusedError, match=r"pr_image is 'x\\n--set a=b', which names no image"):
        plan(request=replace(REQUEST, image="x\n--set a=b"))


def test_a_volume_of_another_size_than_the_one_that_is_there_is_refused(plan):
    def claims(size):
        return [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}]

    there = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "postgresql", "namespace": PLACE},
        "spec": {"volumeClaimTemplates": claims("1Gi")},
    }
    plan.helm.workload = {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": claims("2Gi")}}
    with pytest.raises(RefusedError, match=r"databases\.postgresql\.storage is 1Gi and cannot change"):
        plan(seen(namespace(), there), databases={"postgresql": True})


def test_values_long_enough_to_be_secrets_are_known_as_such(plan):
    made = plan(env={"SHORT": "1234567", "KEY": "12345678", "URL": "https://example.org"})
    assert made.private == ("12345678", "https://example.org")
    assert "12345678" not in repr(made)


def test_what_no_node_can_hold_is_refused(plan):
    tiny = Capacity(cpu_millis=100, memory_bytes=64 * 2**20, storage_bytes=2**30)
    with pytest.raises(RefusedError, match="memory"):
        plan(seen(capacity=tiny))


def test_a_namespace_of_somebody_else_is_refused(plan):
    foreign = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}}
    with pytest.raises(RefusedError, match=PLACE):
        plan(seen(foreign))
