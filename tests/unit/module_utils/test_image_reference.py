# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images, good and bad."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.image_reference import refuse_malformed

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    "image",
    [
        "demo",
        "demo:1",
        "acme/demo",
        "registry.localhost:5000/demo:pr-1",
        "ghcr.io/acme/shop/web-app:V1.2_3-x",
        "Registry.Example.org/a__b/c--d.e_f",
        "192.0.2.7:5000/a",
        "[2001:db8::7]:5000/a:b",
        f"ghcr.io/acme/shop@{DIGEST}",
        f"ghcr.io/acme/shop:pr-1@{DIGEST}",
        "a" * 255,
        "demo:" + "t" * 128,
    ],
)
def test_what_registries_take_passes(image):
    refuse_malformed(image)


@pytest.mark.parametrize(
    "image",
    [
        "",
        "x\n--set a=b",
        "demo:1\n",
        "demo:1 ",
        "Demo",
        "https://ghcr.io/acme/shop",
        "acme//demo",
        "/demo",
        "demo/",
        "demo:",
        "demo:-1",
        "demo:" + "t" * 129,
        "demo@sha256:12",
        "demo@",
        "-a/demo",
        "a___b",
        "ümlaut",
        "demo:\u0661",
        "a" * 256,
        "{{ 7 }}",
    ],
)
def test_anything_else_is_refused_in_one_line(image):
    with pytest.raises(RefusedError) as refused:
        refuse_malformed(image)
    text = str(refused.value)
    assert text.startswith("pr_image is '")
    assert text.endswith("which names no image; write one such as ghcr.io/acme/shop:pr-7")
    assert "\n" not in text
    assert len(text) < 200


def test_a_long_bad_name_is_judged_at_once():
    with pytest.raises(RefusedError):
        refuse_malformed("a-" * 50_000 + "!")
