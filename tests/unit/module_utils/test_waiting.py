# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live picture survives whatever happens to its watches."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError, SupersededError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.waiting import Picture, Scope
from tests.unit.fakes import FakeCluster

CLOCK = SystemClock()


def pod(name, place="demo-pr-1", **status):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": place}, "status": status}


def wait(picture, done, seconds=5.0, check=lambda: None):
    return picture.wait(done, clock=CLOCK, deadline=CLOCK.monotonic() + seconds, check=check)


def later(work, seconds=0.05):
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


@pytest.fixture
def cluster():
    return FakeCluster()


def has(*names):
    return lambda picture: {named.name for named in picture.objects} == set(names)


def test_what_is_already_so_needs_no_event(cluster):
    cluster.put(pod("a"))
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture:
        assert wait(picture, has("a"))


def test_changes_are_seen_as_they_come(cluster):
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture:
        later(lambda: cluster.put(pod("a")))
        assert wait(picture, has("a"))
        later(lambda: cluster.remove(Ref("Pod", "a", "demo-pr-1")))
        assert wait(picture, has())


def test_other_namespaces_and_what_is_not_to_be_kept_stay_out(cluster):
    cluster.put(pod("a", "demo-pr-2"))
    cluster.put(pod("b"))
    cluster.put(pod("c"))
    keep = lambda obj: obj["metadata"]["name"] != "b"  # noqa: E731
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),), keep=keep) as picture:
        assert wait(picture, has("c"))


def test_a_watch_that_ends_begins_again_with_a_list(cluster):
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture:
        assert wait(picture, has())
        for *_, watch in list(cluster._watches):
            watch.close()
        cluster._watches.clear()
        cluster.put(pod("a"))
        assert wait(picture, has("a"))


def test_a_version_that_is_too_old_begins_again_with_a_list(cluster):
    refused = []

    def refuse(verb, named):
        if verb == "watch" and not refused:
            refused.append(verb)
            raise ClusterError("too old resource version", status=410, reason="Expired")

    cluster.refuse = refuse
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture:
        assert wait(picture, has())
        later(lambda: cluster.put(pod("a")))
        assert wait(picture, has("a"))
    assert refused


def test_a_server_that_knows_no_version_any_more_is_not_asked_without_a_pause(cluster):
    def refuse(verb, named):
        if verb == "watch":
            raise ClusterError("too old resource version", status=410, reason="Expired")

    cluster.refuse = refuse
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture:
        assert not wait(picture, has("a"), seconds=1.2)
    assert 2 <= cluster.verbs("Pod").count("list") <= 4


def test_a_refused_list_ends_the_wait_with_the_servers_words(cluster):
    def refuse(verb, named):
        raise ClusterError("forbidden: pods", status=403)

    cluster.refuse = refuse
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture, pytest.raises(ClusterError, match="forbidden"):
        wait(picture, has())


def test_an_answer_that_cannot_be_read_ends_the_wait_in_one_line(cluster):
    cluster.list = lambda *_, **__: {}["items"]
    expected = r"^Pod: what the API server sends cannot be read \(KeyError: 'items'\); run again$"
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture, pytest.raises(ClusterError, match=expected):
        wait(picture, has())


def test_the_deadline_ends_the_wait(cluster):
    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture:
        assert not wait(picture, has("never"), seconds=0.05)


def test_a_run_that_has_to_stop_stops_waiting(cluster):
    def check():
        raise SupersededError("a newer run asked")

    with Picture(cluster, (Scope("Pod", "demo-pr-1"),)) as picture, pytest.raises(SupersededError):
        wait(picture, has("never"), check=check)


def test_all_threads_end_with_the_picture(cluster):
    with Picture(cluster, (Scope("Pod", "demo-pr-1"), Scope("Deployment", "demo-pr-1"))) as picture:
        assert wait(picture, has())
    deadline = time.monotonic() + 5
    while any(thread.name.startswith("watch-") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, threading.enumerate()
        time.sleep(0.01)
