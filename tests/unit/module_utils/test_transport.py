# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against a real server: when one is tried again and when not."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.cluster import KubernetesCluster
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.transport import encoded
from tests.unit.fakes import FakeClock
from tests.unit.servers import TOKEN, Respond, Server, drops, kubeconfig, refused, says, streams

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "demo-pr-1"}}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_not_repeated_and_carries_its_status(
    answered: KubernetesCluster, server: Server, status: int
) -> None:
    server.answers = [refused(status, reason="Because")]
    with pytest.raises(ClusterError) as failure:
        answered.apply(POD)
    assert (failure.value.status, failure.value.reason) == (status, "Because")
    assert len(server.asked) == 2
    assert TOKEN not in str(failure.value)


@pytest.mark.parametrize("page", [says("<html>Sign in</html>"), says("[]"), says("", 302, Location="https://x/")])
def test_a_server_that_is_no_kubernetes_is_one_clear_line(
    cluster: KubernetesCluster, server: Server, page: Respond
) -> None:
    server.answers = [page]
    with pytest.raises(ClusterError) as failure:
        cluster.list("Pod")
    assert str(failure.value) == (
        f"{server.url} does not answer as a Kubernetes API server; check server in the kubeconfig (preview_kubeconfig)"
    )


@pytest.mark.parametrize("trouble", [drops, *(refused(status) for status in (429, 500, 502, 503, 504))])
def test_a_server_that_has_answered_before_is_asked_again(
    answered: KubernetesCluster, server: Server, clock: FakeClock, trouble: Respond
) -> None:
    server.answers = [trouble, trouble, says(POD)]
    assert answered.get(Ref("Pod", "a", "demo-pr-1")) == POD
    assert clock.seconds == pytest.approx(1000.3)


def test_retry_after_is_waited_for(answered: KubernetesCluster, server: Server, clock: FakeClock) -> None:
    server.answers = [says({}, 429, Retry_After="7"), says(POD)]
    answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert clock.seconds == 1007.0


def test_a_retry_after_beyond_our_patience_is_a_failure_at_once(
    answered: KubernetesCluster, server: Server, clock: FakeClock
) -> None:
    server.answers = [says({"message": "slow down"}, 429, Retry_After="3600")]
    with pytest.raises(ClusterError, match="slow down"):
        answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert clock.seconds == 1000.0


@pytest.mark.parametrize(("trouble", "said"), [(refused(500, "boom"), "boom"), (drops, "cannot be reached")])
def test_patience_ends(
    answered: KubernetesCluster, server: Server, clock: FakeClock, trouble: Respond, said: str
) -> None:
    server.answers = [trouble] * 200
    with pytest.raises(ClusterError, match=said):
        answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert 87.0 < clock.seconds - 1000.0 <= 90.0


def test_the_first_connection_fails_at_once(tmp_path: Path, clock: FakeClock) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        cluster = connect(kubeconfig=kubeconfig(tmp_path, url), context="", clock=clock)
        with pytest.raises(ClusterError) as failure:
            cluster.get(Ref("Node", "one"))
    assert str(failure.value) == (
        f"API server {url} cannot be reached: connection refused; check that it runs and preview_kubeconfig"
    )
    assert failure.value.status == 0
    assert clock.seconds == 1000.0


def test_an_outage_is_sat_out_once_and_not_by_each_request(
    answered: KubernetesCluster, server: Server, clock: FakeClock
) -> None:
    server.answers = [refused(503)] * 200
    for _ in range(3):
        with pytest.raises(ClusterError):
            answered.get(Ref("Pod", "a", "demo-pr-1"))
    assert clock.seconds - 1000.0 <= 90.0


def test_a_useful_answer_ends_an_outage(answered: KubernetesCluster, server: Server, clock: FakeClock) -> None:
    server.answers = [refused(503)] * 200
    with pytest.raises(ClusterError):
        answered.get(Ref("Pod", "a", "demo-pr-1"))
    server.answers = [refused(404), *[refused(503)] * 5, says(POD)]
    assert answered.get(Ref("Pod", "a", "demo-pr-1")) is None
    assert answered.get(Ref("Pod", "a", "demo-pr-1")) == POD


def test_patience_may_shrink_while_it_lasts(server: Server, tmp_path: Path, clock: FakeClock) -> None:
    patience = [90.0]
    cluster = connect(
        kubeconfig=kubeconfig(tmp_path, server.url), context="", clock=clock, patience=lambda: patience[0]
    )
    cluster.get(Ref("Node", "one"))
    server.answers = [refused(503)] * 200
    clock.on_sleep = lambda: patience.__setitem__(0, 2.0)
    with pytest.raises(ClusterError):
        cluster.get(Ref("Node", "one"))
    assert clock.seconds - 1000.0 <= 2.0


def test_a_guard_is_asked_before_each_try_of_a_write_and_never_for_a_read(
    answered: KubernetesCluster, server: Server
) -> None:
    asked = []
    guarded = answered.guarded(lambda: asked.append(len(server.asked)))
    guarded.list("Pod")
    assert asked == []
    server.answers = [refused(503), refused(503), says(POD)]
    guarded.apply(POD)
    assert asked == [2, 3, 4]


def test_a_guard_that_objects_stops_a_write_between_two_tries(answered: KubernetesCluster, server: Server) -> None:
    def check() -> None:
        if len(server.asked) > 2:
            raise ClusterError("another run took over")

    server.answers = [refused(503)] * 9
    with pytest.raises(ClusterError, match="another run took over"):
        answered.guarded(check).delete(Ref("Pod", "a", "demo-pr-1"))
    assert len(server.asked) == 3


@example("\U0001f389")
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_body_says_the_same_to_a_reader_of_json_and_to_one_of_yaml(text: str) -> None:
    body = encoded({"branch": text})
    assert json.loads(body) == {"branch": text}
    assert yaml.safe_load(body) == {"branch": text}


def test_half_a_character_is_sent_as_the_sign_for_one_that_is_missing() -> None:
    assert json.loads(encoded({"branch": "a\ud83db"})) == {"branch": "a\ufffdb"}


def test_what_others_are_answered_keeps_no_request_here_for_ever(
    answered: KubernetesCluster, server: Server, clock: FakeClock
) -> None:
    """A write fails again and again while a renewal of the Lease succeeds between any two tries."""
    server.answers = [refused(500)] * 400
    clock.on_sleep = lambda: server.answers.insert(0, says(POD)) or answered.get(Ref("Pod", "a", "demo-pr-1"))
    with pytest.raises(ClusterError, match="500"):
        answered.apply(POD)
    assert clock.seconds - 1000.0 <= 90.0


def test_a_silent_server_is_waited_for_no_longer_than_patience(server: Server, tmp_path: Path) -> None:
    cluster = connect(
        kubeconfig=kubeconfig(tmp_path, server.url), context="", clock=SystemClock(), patience=lambda: 1.0
    )
    cluster.get(Ref("Node", "one"))
    silence = threading.Event()
    server.answers = [streams(until=silence)] * 4
    began = time.monotonic()
    with pytest.raises(ClusterError, match="timed out"):
        cluster.get(Ref("Node", "one"))
    assert time.monotonic() - began < 3.0
    silence.set()
