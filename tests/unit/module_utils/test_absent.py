# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A close removes everything and says so only once it has seen it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import absent as absent_module
from ansible_collections.ephemeral.k8s.plugins.module_utils.absent import absent, find
from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.environment import World
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError, RefusedError, SupersededError
from ansible_collections.ephemeral.k8s.plugins.module_utils.lease import Turn
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from tests.unit.engine import LEASE, PLATFORM, RECORD
from tests.unit.fakes import FakeCluster, FakeProber

IDENTITY = Identity(project="demo", pr=1)
NAMESPACE = Ref("Namespace", "demo-pr-1")
VOLUME = Ref("PersistentVolume", "pvc-1")


@pytest.fixture
def cluster():
    return FakeCluster()


@pytest.fixture
def world(cluster):
    with ThreadPoolExecutor(4) as pool:
        yield World(
            cluster=cluster,
            helm=None,
            prober=FakeProber(200),
            clock=SystemClock(),
            pool=pool,
            token=lambda _: "",
            run="me",
            timeout_seconds=2.0,
            lease_wait_seconds=1.0,
        )


def put_environment(cluster, *, project="demo", repository="acme/demo", repository_id=42, phase="Ready", sequence=1):
    identity = Identity(project=project, pr=1)
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": identity.namespace,
                "labels": labels(identity, repository_id),
                "annotations": {"k8s-ee/repository": repository},
            },
        }
    )
    cluster.put(
        {
            "apiVersion": "preview.k8s-ee/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": identity.namespace, "namespace": "platform"},
            "spec": {"project": project, "pr": 1, "repository": repository, "repositoryId": repository_id},
            "status": {"phase": phase, "sequence": sequence},
        }
    )


def put_volume(cluster, namespace="demo-pr-1", name="pvc-1"):
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {"claimRef": {"namespace": namespace, "name": "data"}},
        }
    )


def close(world, *, sequence=2, repository="acme/demo", repository_id=42, check=False):
    return absent(
        world,
        PLATFORM,
        identity=IDENTITY,
        repository=repository,
        repository_id=repository_id,
        sequence=sequence,
        check=check,
    )


def test_destroyed_means_seen_to_be_gone_volumes_included(world, cluster):
    put_environment(cluster)
    put_volume(cluster)
    put_volume(cluster, namespace="other-pr-1", name="pvc-other")

    def provisioner(verb, obj):
        if verb == "delete" and obj["kind"] == "Namespace":
            threading.Timer(0.2, cluster.remove, (VOLUME,)).start()

    cluster.react = provisioner
    closed = close(world)
    assert closed.status == "destroyed"
    assert closed.changed
    assert [step.name for step in closed.phases] == ["lease", "delete", "verify"]
    assert NAMESPACE not in cluster.objects
    assert VOLUME not in cluster.objects
    assert Ref("PersistentVolume", "pvc-other") in cluster.objects
    assert LEASE not in cluster.objects
    status = cluster.objects[RECORD]["status"]
    assert (status["phase"], "destroyedAt" in status, "url" in status) == ("Destroyed", True, False)


def test_a_volume_that_stays_is_a_failure_that_names_it(world, cluster):
    put_environment(cluster)
    put_volume(cluster)
    closed = close(world)
    assert closed.status == "failed"
    assert "PersistentVolume/pvc-1" in closed.diagnosis["message"]
    assert cluster.objects[RECORD]["status"]["phase"] == "Failed"
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_a_namespace_that_cannot_end_is_told_in_the_servers_words(world, cluster):
    put_environment(cluster)
    stuck = cluster.objects[NAMESPACE]
    cluster.update(NAMESPACE, metadata={**stuck["metadata"], "finalizers": ["example.org/hold"]})
    conditions = [{"type": "NamespaceFinalizersRemaining", "status": "True", "message": "example.org/hold in 1 object"}]
    cluster.update(NAMESPACE, status={"conditions": conditions})
    cluster.release = lambda remnant, keep: False
    closed = close(world)
    assert closed.status == "failed"
    assert "Namespace/demo-pr-1 (example.org/hold in 1 object)" in closed.diagnosis["message"]


def test_who_held_the_namespace_is_on_record_and_told_at_the_end(world, cluster):
    put_environment(cluster)
    held = cluster.objects[NAMESPACE]
    cluster.update(NAMESPACE, metadata={**held["metadata"], "finalizers": ["example.org/hold"]})
    closed = close(world)
    assert (closed.status, closed.diagnosis) == ("destroyed", None)
    assert [note.partition(",")[0] for note in closed.notes] == [
        "Namespace/demo-pr-1 held namespace demo-pr-1 by example.org/hold"
    ]
    diagnosis = cluster.objects[RECORD]["status"]["diagnosis"]
    assert (diagnosis["object"], diagnosis["reason"]) == ("Namespace/demo-pr-1", "HeldByFinalizer")


def test_a_close_that_lost_its_turn_deletes_nothing_more(world, cluster):
    put_environment(cluster)

    class Robbed(Turn):
        """A turn whose machine slept for so long that another run took it over."""

        def __enter__(self):
            entered = super().__enter__()
            lease = cluster.objects[LEASE]
            cluster.update(LEASE, spec={**lease["spec"], "holderIdentity": "thief"})
            self._renewed_at -= 100.0
            return entered

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(absent_module, "Turn", Robbed)
        closed = close(world)
    assert closed.status == "failed"
    assert "another run took over" in closed.diagnosis["message"]
    assert NAMESPACE in cluster.objects
    assert cluster.objects[RECORD]["status"]["phase"] == "Ready"


def test_a_close_goes_on_where_a_killed_one_stopped(world, cluster):
    put_environment(cluster, phase="Destroying", sequence=2)
    cluster.remove(NAMESPACE)
    put_volume(cluster)
    threading.Timer(0.2, cluster.remove, (VOLUME,)).start()
    assert close(world).status == "destroyed"
    assert VOLUME not in cluster.objects


def test_what_never_was_or_is_gone_is_absent(world, cluster):
    assert close(world).status == "absent"
    put_environment(cluster)
    assert close(world).status == "destroyed"
    again = close(world, sequence=3)
    assert (again.status, again.changed) == ("absent", False)


def asking(world, *, sequence):
    return Turn(
        world.cluster,
        ref=LEASE,
        owner="42",
        sequence=sequence,
        holder="open",
        wait_seconds=0,
        clock=world.clock,
    )


def test_a_close_that_finds_nothing_leaves_word_for_what_came_before_it_and_has_not_begun(world, cluster):
    assert close(world, sequence=5).status == "absent"
    with pytest.raises(SupersededError, match="sequence 4 gives way to 5"):
        asking(world, sequence=4).__enter__()
    with asking(world, sequence=6) as newer:
        newer.check()


def test_a_close_waits_for_a_run_that_has_made_nothing_yet(world, cluster):
    with asking(world, sequence=1) as older:
        closed = close(world, sequence=2)
        older._refresh()
        with pytest.raises(SupersededError):
            older.check()
    assert closed.status == "refused"
    assert "another run (open) has worked on it" in closed.diagnosis["message"]


def test_the_word_of_a_close_is_kept_by_the_record_where_there_is_one(world, cluster):
    put_environment(cluster, phase="Destroyed", sequence=3)
    cluster.remove(NAMESPACE)
    assert close(world, sequence=5).status == "absent"
    assert cluster.objects[RECORD]["status"]["sequence"] == 5
    assert LEASE not in cluster.objects


def test_the_history_of_another_repository_is_left_alone(world, cluster):
    put_environment(cluster, phase="Destroyed", sequence=3, repository="other/demo", repository_id=7)
    cluster.remove(NAMESPACE)
    assert close(world, sequence=5).status == "absent"
    assert cluster.objects[RECORD]["status"]["sequence"] == 3


def test_workloads_and_claims_are_asked_to_go_with_the_namespace(world, cluster):
    put_environment(cluster)
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {}}
    cluster.put({**claim, "metadata": {"name": "data", "namespace": "demo-pr-1"}})
    cluster.put({**claim, "metadata": {"name": "data", "namespace": "other-pr-1"}})
    assert close(world).status == "destroyed"
    deleted = [named for verb, named in cluster.requests if verb == "delete"]
    assert deleted[0] == NAMESPACE
    assert Ref("PersistentVolumeClaim", "data", "demo-pr-1") in deleted
    assert Ref("PersistentVolumeClaim", "data", "other-pr-1") not in deleted


def test_what_is_not_ours_is_refused_and_stays(world, cluster):
    put_environment(cluster)
    refused = close(world, repository="evil/demo", repository_id=666)
    assert refused.status == "refused"
    assert "acme/demo" in refused.diagnosis["message"]
    assert "evil/demo" in refused.diagnosis["message"]
    assert NAMESPACE in cluster.objects
    assert LEASE not in cluster.objects


def test_a_close_older_than_what_runs_gives_way(world, cluster):
    put_environment(cluster, sequence=9)
    assert close(world, sequence=8).status == "superseded"
    assert NAMESPACE in cluster.objects


def test_a_check_touches_nothing(world, cluster):
    put_environment(cluster)
    foretold = close(world, check=True)
    assert (foretold.status, foretold.changed) == ("destroyed", True)
    assert {verb for verb, _ in cluster.requests} == {"get"}


def test_a_namespace_without_record_goes_too(world, cluster):
    put_environment(cluster)
    cluster.remove(RECORD)
    assert close(world).status == "destroyed"
    assert RECORD not in cluster.objects


def test_an_unreachable_cluster_is_a_failure_in_words(world, cluster):
    def refuse(verb, named):
        raise ClusterError("API server https://x cannot be reached")

    cluster.refuse = refuse
    closed = close(world)
    assert closed.status == "failed"
    assert closed.diagnosis["message"] == "API server https://x cannot be reached"


class TestFind:
    """Without a readable configuration, an environment is found by pull request and repository."""

    def look(self, world, *, repository="acme/demo", repository_id=42, pr=1):
        found = find(world, platform_namespace="platform", pr=pr, repository=repository, repository_id=repository_id)
        return [identity.namespace for identity in found]

    def test_by_number_whatever_the_repository_is_called_now(self, world, cluster):
        put_environment(cluster)
        assert self.look(world, repository="acme/renamed") == ["demo-pr-1"]

    def test_a_renamed_project_too(self, world, cluster):
        put_environment(cluster)
        put_environment(cluster, project="newname")
        assert self.look(world) == ["demo-pr-1", "newname-pr-1"]

    def test_by_name_where_there_is_no_forge(self, world, cluster):
        put_environment(cluster, repository="local/demo", repository_id=0)
        put_environment(cluster, project="shop", repository="local/shop", repository_id=0)
        assert self.look(world, repository="local/shop", repository_id=0) == ["shop-pr-1"]

    def test_not_of_others_nor_of_other_pull_requests_nor_what_is_gone(self, world, cluster):
        put_environment(cluster)
        assert self.look(world, repository_id=7) == []
        assert self.look(world, pr=2) == []
        cluster.remove(NAMESPACE)
        cluster.update(RECORD, status={"phase": "Destroyed"})
        assert self.look(world) == []

    def test_without_number_and_name_nobody_is_meant(self, world, cluster):
        put_environment(cluster, repository="local/demo", repository_id=0)
        with pytest.raises(RefusedError, match="name the project by pr_project"):
            self.look(world, repository="", repository_id=0)

    def test_a_malformed_record_or_namespace_keeps_no_other_close_from_working(self, world, cluster):
        put_environment(cluster)
        cluster.put(
            {
                "apiVersion": "preview.k8s-ee/v1alpha1",
                "kind": "Environment",
                "metadata": {"name": "odd", "namespace": "platform"},
                "spec": {"project": "odd", "pr": 1},
            }
        )
        marks = {k: v for k, v in labels(IDENTITY, 42).items() if k != "k8s-ee/project"}
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "odd", "labels": marks}})
        assert self.look(world) == ["demo-pr-1"]
