# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A quota grows before a roll-out and shrinks after it."""

from __future__ import annotations

from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import by_ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.widening import widened


def quota(**hard):
    names = {name.replace("_", "."): text for name, text in hard.items()}
    return {"kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": "shop-pr-7"}, "spec": {"hard": names}}


POLICY = {"kind": "NetworkPolicy", "metadata": {"name": "default-deny", "namespace": "shop-pr-7"}, "spec": {}}


def widest(wanted, now):
    rails = widened((POLICY, wanted), by_ref([now]))
    assert rails[0] is POLICY
    return rails[1]["spec"]["hard"]


def test_a_new_environment_gets_its_quota_as_it_is():
    assert widened((POLICY, quota(pods="3")), {}) == (POLICY, quota(pods="3"))


def test_each_amount_is_the_larger_of_now_and_then():
    now = quota(limits_cpu="1", limits_memory="2Gi", pods="9")
    wanted = quota(limits_cpu="1100m", limits_memory="1500Mi", pods="3")
    assert widest(wanted, now) == {"limits.cpu": "1100m", "limits.memory": "2Gi", "pods": "9"}


def test_what_the_old_quota_did_not_count_is_counted_now_and_what_it_alone_counted_goes():
    assert widest(quota(secrets="4"), quota(configmaps="2")) == {"secrets": "4"}
