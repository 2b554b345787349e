# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of the Ingress: a short allow list, each with its values."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.ingress import ANNOTATIONS, AnnotationsRule

from ..judging import accepted, fault_of

RULE = AnnotationsRule()
PREFIX = "traefik.ingress.kubernetes.io/"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("service.passhostheader", "false"),
        ("service.serversscheme", "h2c"),
        ("service.sticky.cookie", "true"),
        ("service.sticky.cookie.httponly", "true"),
        ("service.sticky.cookie.name", "shop_session-1"),
        ("service.sticky.cookie.samesite", "lax"),
    ],
)
def test_annotations_of_the_list_are_taken(name: str, value: str) -> None:
    assert accepted(RULE, {PREFIX + name: value}) == {PREFIX + name: value}
    assert len(ANNOTATIONS) == 6


@pytest.mark.parametrize(
    "name",
    [
        *("router.entrypoints", "router.middlewares", "router.tls", "router.tls.certresolver", "router.priority"),
        *("service.serverstransport", "service.nodeportlb", "service.nativelb"),
    ],
)
def test_what_could_change_entry_point_middleware_tls_or_backend_is_refused(name: str) -> None:
    assert "not on the allow list" in fault_of(RULE, {PREFIX + name: "x"})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({PREFIX + "service.serversscheme": "https"}, "must be one of http, h2c"),
        ({PREFIX + "service.sticky.cookie": True}, 'write "true", in quotes'),
        ({PREFIX + "service.sticky.cookie.name": "a;b"}, "letters, digits"),
        ({PREFIX + "service.sticky.coookie": "true"}, f"did you mean {PREFIX}service.sticky.cookie?"),
        ({1: "a"}, "not on the allow list"),
        (["a"], "must be a mapping of annotations"),
    ],
)
def test_other_annotations_and_values_are_refused(value: object, words: str) -> None:
    assert words in fault_of(RULE, value)
