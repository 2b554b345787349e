# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an environment is reached."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.environment import Platform


@pytest.mark.parametrize(
    ("port", "url"), [(443, "https://demo-pr-1.preview.test"), (8443, "https://demo-pr-1.preview.test:8443")]
)
def test_the_public_url_names_the_port_only_where_it_is_not_the_usual_one(port, url):
    platform = Platform(
        domain="preview.test",
        https_port=port,
        charts="charts",
        namespace="platform",
        images={},
        storage_class="",
        ingress_class="traefik",
        ingress_selector={},
    )
    assert platform.url("demo-pr-1") == url
