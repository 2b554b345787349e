# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the charts render for a configuration starts inside its quota, while it rolls too."""

from __future__ import annotations

from collections import Counter

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.pods import pod_needs
from ansible_collections.ephemeral.k8s.plugins.module_utils.quantities import storage_bytes
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import required
from ansible_collections.ephemeral.k8s.plugins.module_utils.sizes import NOTHING

from .test_rendered import SHAPES, rendered

pytestmark = pytest.mark.helm


@pytest.mark.parametrize("shape", SHAPES)
def test_all_pods_and_the_one_that_rolls_fit(helm, shape):
    quota = required(Config.parse({"projectId": "shop", **SHAPES[shape]}))
    needs, pods = NOTHING, 0
    for manifest in rendered(helm, shape):
        if manifest["kind"] not in ("Deployment", "StatefulSet"):
            continue
        surge = manifest["spec"]["strategy"]["rollingUpdate"]["maxSurge"] if manifest["kind"] == "Deployment" else 0
        count = manifest["spec"].get("replicas", 1) + surge
        needs, pods = needs + pod_needs(manifest["spec"]["template"]["spec"]) * count, pods + count
    assert pods == quota.pods
    assert needs.requests.cpu_millis <= quota.cpu_request_millis
    assert needs.requests.memory_bytes <= quota.memory_request_bytes
    assert needs.limits.cpu_millis <= quota.cpu_limit_millis
    assert needs.limits.memory_bytes <= quota.memory_limit_bytes


@pytest.mark.parametrize("shape", SHAPES)
def test_all_objects_and_volumes_fit(helm, shape):
    quota = required(Config.parse({"projectId": "shop", **SHAPES[shape]}))
    manifests = rendered(helm, shape)
    kinds = Counter(manifest["kind"] for manifest in manifests)
    claims = [
        claim
        for manifest in manifests
        if manifest["kind"] == "StatefulSet"
        for claim in manifest["spec"].get("volumeClaimTemplates", ())
    ]
    assert kinds["Service"] == quota.services
    # The namespace's own kube-root-ca.crt and the engine's applyset are not rendered by charts.
    assert kinds["ConfigMap"] + 2 <= quota.config_maps
    assert kinds["Secret"] <= quota.secrets
    assert len(claims) == quota.persistent_volume_claims
    asked = sum(storage_bytes(claim["spec"]["resources"]["requests"]["storage"]) for claim in claims)
    assert asked == quota.storage_bytes
