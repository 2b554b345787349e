# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: each fits what Kubernetes and DNS allow, and no two environments share one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import (
    DNS_LABEL_MAX,
    MANAGER,
    PR_MAX,
    PROJECT_MAX,
    SERVICE_MAX,
    Identity,
    host,
    label_value,
    labels,
    pr_number,
    url,
)

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")

PROJECTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True).filter(
    lambda text: not re.search("-pr-[0-9]", text)
)


@pytest.mark.parametrize("project", ["a", "7", "shop", "my-shop-2", "a" * PROJECT_MAX, "shop-pr", "shop-pr-x", "pr-7"])
def test_a_project_and_a_number_make_a_namespace(project: str) -> None:
    assert Identity(project=project, pr=7).namespace == f"{project}-pr-7"


@pytest.mark.parametrize(
    "project",
    ["", "-a", "a-", "A", "a_b", "a.b", "a b", "a" * (PROJECT_MAX + 1), "a-pr-1", "a-pr-1-b", "shop\n", "\nshop", "é"],
)
def test_other_projects_are_refused(project: str) -> None:
    with pytest.raises(RefusedError, match="is not valid: 1 to 20 of a-z"):
        Identity(project=project, pr=7)


@pytest.mark.parametrize("number", [0, -1, PR_MAX + 1])
def test_an_identity_has_a_number_that_a_forge_can_give(number: int) -> None:
    with pytest.raises(RefusedError, match="is not a pull request's number"):
        Identity(project="shop", pr=number)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("123", 123), (str(PR_MAX), PR_MAX)])
def test_numbers_are_read_from_text(text: str, number: int) -> None:
    assert pr_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "01", "-1", "1.0", "1e3", " 1", "1\n", "1;id", "true", "1" * 10, "x" * 999, "\u0661"]
)
def test_other_text_is_no_number_and_the_message_says_what_is(text: str) -> None:
    with pytest.raises(RefusedError, match=f"give 1 to {PR_MAX}, as in -e pr=123") as refused:
        pr_number(text)
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


def test_hosts_and_urls() -> None:
    assert host("shop-pr-7", "preview.example.org") == "shop-pr-7.preview.example.org"
    assert host("shop-pr-7", "preview.example.org", "api") == "shop-pr-7-api.preview.example.org"
    assert url("shop-pr-7.preview.example.org", 443) == "https://shop-pr-7.preview.example.org"
    assert url("shop-pr-7.preview.localhost", 8443) == "https://shop-pr-7.preview.localhost:8443"


def test_the_longest_names_fit_to_the_character() -> None:
    place = Identity(project="a" * PROJECT_MAX, pr=PR_MAX).namespace
    assert len(host(place, "d", "s" * SERVICE_MAX).partition(".")[0]) == DNS_LABEL_MAX
    with pytest.raises(RefusedError, match="has 64 characters, 63 at most; shorten a name"):
        host(place, "d", "s" * (SERVICE_MAX + 1))


@given(PROJECTS, st.integers(1, PR_MAX))
def test_every_namespace_is_a_dns_label_and_a_label_value(project: str, pr: int) -> None:
    place = Identity(project=project, pr=pr).namespace
    assert DNS_LABEL.fullmatch(place)
    assert LABEL_VALUE.fullmatch(place)


@given(
    PROJECTS,
    st.integers(1, PR_MAX),
    PROJECTS,
    st.integers(1, PR_MAX),
    st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True),
)
def test_no_two_environments_share_a_host(a: str, a_pr: int, b: str, b_pr: int, service: str) -> None:
    one, other = Identity(project=a, pr=a_pr), Identity(project=b, pr=b_pr)
    if one == other:
        return
    assert one.namespace != other.namespace
    assert host(one.namespace, "d", service) != host(other.namespace, "d")


@pytest.mark.parametrize("text", ["", "main", "v1.2.3", "a_b-c.d", "A" * DNS_LABEL_MAX])
def test_what_is_a_label_value_stays_itself(text: str) -> None:
    assert label_value(text) == text


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("feat/odd `name`", "feat-odd--name-"),
        ("x" * 200, "x" * 54 + "-"),
        ("renovate/$(id)", "renovate---id-"),
        ("-dash", "dash-"),
        ("trailing\n", "trailing-"),
        ("///", ""),
        ("ünïcode", "n-code-"),
        ("\ud800", ""),
    ],
)
def test_other_text_becomes_readable_and_unmistakable(text: str, readable: str) -> None:
    assert re.fullmatch(re.escape(readable) + "[0-9a-f]{8}", label_value(text))


@given(st.text(max_size=300))
def test_any_text_becomes_a_label_value_always_the_same(text: str) -> None:
    assert LABEL_VALUE.fullmatch(label_value(text))
    assert label_value(text) == label_value(text)


@given(st.sets(st.text(max_size=90), min_size=2, max_size=2))
def test_two_texts_have_two_label_values(texts: set[str]) -> None:
    one, other = texts
    assert label_value(one) != label_value(other)


def test_every_object_carries_manager_project_number_and_repository() -> None:
    assert labels(Identity(project="shop", pr=7), 42) == {
        "app.kubernetes.io/managed-by": MANAGER,
        "k8s-ee/project": "shop",
        "k8s-ee/pr": "7",
        "k8s-ee/repository-id": "42",
    }
