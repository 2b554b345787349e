# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of objects into a namespace, and what left the set out of it."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.apply import Applier, applyset_id, parent
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref, by_ref
from tests.unit.fakes import FakeCluster

PLACE = "demo-pr-1"


def config_map(name="settings", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": PLACE}, "data": data}


def deployment(image="demo:1", env=()):
    spec = {"template": {"spec": {"containers": [{"name": "app", "image": image, "env": list(env)}]}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": PLACE},
        "spec": spec,
    }


def secret(password="first"):
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "postgresql", "namespace": PLACE},
        "stringData": {"password": password},
    }


@pytest.fixture
def cluster():
    return FakeCluster()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as executor:
        yield executor


def applier(cluster, pool, mode="apply"):
    return Applier(cluster, namespace=PLACE, existing=by_ref(cluster.objects.values()), pool=pool, mode=mode)


def actions(applied):
    return {str(change.ref): change.action for change in applied.changes}


def test_the_first_run_creates_and_the_second_changes_nothing(cluster, pool):
    for expected in ("created", "unchanged"):
        run = applier(cluster, pool)
        run.apply([config_map(a="1"), deployment()])
        assert actions(run) == {"ConfigMap/settings": expected, "Deployment/app": expected}
        assert run.changed is (expected == "created")


def test_what_a_controller_writes_is_no_change(cluster, pool):
    applier(cluster, pool).apply([deployment()])
    named = Ref("Deployment", "app", PLACE)
    metadata = cluster.objects[named]["metadata"] | {"annotations": {"deployment.kubernetes.io/revision": "4"}}
    cluster.update(named, metadata=metadata, status={"replicas": 1})
    run = applier(cluster, pool)
    run.apply([deployment()])
    assert not run.changed


def test_a_new_image_is_a_change_and_the_diff_shows_it(cluster, pool):
    applier(cluster, pool).apply([deployment("demo:1")])
    run = applier(cluster, pool)
    run.apply([deployment("demo:2")])
    (change,) = run.changes
    image = [side["spec"]["template"]["spec"]["containers"][0]["image"] for side in (change.before, change.after)]
    assert (change.action, image) == ("changed", ["demo:1", "demo:2"])


def test_what_pods_need_is_sent_before_what_makes_pods(cluster, pool):
    applier(cluster, pool).apply([deployment(), config_map()])
    assert [named.kind for verb, named in cluster.requests if verb == "apply"] == ["ConfigMap", "Deployment"]


def test_a_password_is_made_once_and_never_rewritten(cluster, pool):
    for password in ("first", "second"):
        run = applier(cluster, pool)
        run.create_absent([secret(password)])
    assert cluster.objects[Ref("Secret", "postgresql", PLACE)]["stringData"] == {"password": "first"}
    assert not run.changed


def test_a_password_made_by_another_run_meanwhile_stays(cluster, pool):
    run = applier(cluster, pool)
    cluster.put(secret("theirs"))
    run.create_absent([secret("ours")])
    assert cluster.objects[Ref("Secret", "postgresql", PLACE)]["stringData"] == {"password": "theirs"}


def test_diffs_show_keys_of_secrets_and_names_of_variables_but_no_value(cluster, pool):
    run = applier(cluster, pool)
    run.create_absent([secret("hunter2")])
    run.apply([deployment(env=[{"name": "API_TOKEN", "value": "hunter2"}])])
    shown = str([(change.before, change.after) for change in run.changes])
    assert "password" in shown
    assert "API_TOKEN" in shown
    assert "hunter2" not in shown


def test_what_left_the_set_is_deleted_and_what_never_was_in_it_stays(cluster, pool):
    run = applier(cluster, pool)
    run.create_absent([secret()])
    run.apply([parent(PLACE), config_map("kept"), config_map("dropped")])
    cluster.put(config_map("strangers"))
    second = applier(cluster, pool)
    second.apply([parent(PLACE), config_map("kept")])
    second.prune()
    left = {named.name for named in cluster.objects if named.kind in ("ConfigMap", "Secret")}
    assert left == {"applyset", "kept", "strangers", "postgresql"}
    assert actions(second)["ConfigMap/dropped"] == "deleted"


@pytest.mark.parametrize("mode", ["local", "server"])
def test_a_check_writes_nothing_and_foretells_the_run(cluster, pool, mode):
    applier(cluster, pool).apply([config_map("dropped", a="1"), config_map("same"), config_map("other", a="1")])
    before = dict(cluster.objects)
    check = applier(cluster, pool, mode)
    check.create_absent([secret()])
    check.apply([config_map("same"), config_map("other", a="2"), deployment()])
    check.prune()
    assert cluster.objects == before
    assert {verb for verb, _ in cluster.requests if verb in ("create", "delete")} <= {"create"}
    real = applier(cluster, pool)
    real.create_absent([secret()])
    real.apply([config_map("same"), config_map("other", a="2"), deployment()])
    real.prune()
    assert actions(check) == actions(real)


def test_a_dry_run_is_not_held_to_the_quota_that_the_real_run_replaces_first(cluster, pool):
    applier(cluster, pool).apply([config_map("old")])

    def refuse(verb, named):
        if verb == "dry-run" or (verb == "create" and named.kind == "Secret"):
            raise ClusterError("exceeded quota: quota, requested: services=1", status=403, reason="Forbidden")

    cluster.refuse = refuse
    check = applier(cluster, pool, "server")
    check.create_absent([secret()])
    check.apply([deployment()])
    assert actions(check) == {"Secret/postgresql": "created", "Deployment/app": "created"}
    cluster.refuse = lambda verb, named: forbidden() if verb == "dry-run" else None
    with pytest.raises(ClusterError, match="forbidden"):
        applier(cluster, pool, "server").apply([deployment()])


def forbidden():
    raise ClusterError("forbidden: no right", status=403, reason="Forbidden")


def test_what_leaves_is_known_before_it_is_pruned(cluster, pool):
    applier(cluster, pool).apply([config_map("dropped"), deployment()])
    run = applier(cluster, pool)
    assert run.leaving([deployment()]) == (Ref("ConfigMap", "dropped", PLACE),)
    run.apply([deployment()])
    assert run.leaving(()) == (Ref("ConfigMap", "dropped", PLACE),)


def test_one_refusal_names_its_object_and_does_not_keep_the_others_from_being_sent(cluster, pool):
    def refuse(verb, named):
        if named.name == "bad":
            raise ClusterError("data is too long", status=422, reason="Invalid")

    cluster.refuse = refuse
    with pytest.raises(ClusterError, match=r"^ConfigMap/bad: data is too long$") as caught:
        applier(cluster, pool).apply([config_map("bad"), config_map("good")])
    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert caught.value.about == "ConfigMap/bad"
    assert Ref("ConfigMap", "good", PLACE) in cluster.objects


def test_the_parent_follows_the_applyset_specification():
    digest = base64.urlsafe_b64encode(hashlib.sha256(f"applyset.{PLACE}.ConfigMap.".encode()).digest()).decode()
    assert applyset_id(PLACE) == f"applyset-{digest.rstrip('=')}-v1"
    metadata = parent(PLACE)["metadata"]
    assert metadata["labels"]["applyset.kubernetes.io/id"] == applyset_id(PLACE)
    assert metadata["annotations"]["applyset.kubernetes.io/tooling"] == "ephemeral.k8s/v1"
    assert "Deployment.apps" in metadata["annotations"]["applyset.kubernetes.io/contains-group-kinds"].split(",")
