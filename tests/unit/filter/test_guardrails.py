# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `guardrails`: the rendered list, and one clear line where there is none."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.filter import guardrails as face

guardrails = face.FilterModule().filters()["guardrails"]


def policy(name: str, **options: Any) -> dict[str, Any] | None:
    rendered = guardrails({"projectId": "shop"}, pr=123, **options)
    return next(
        (each for each in rendered if (each["kind"], each["metadata"]["name"]) == ("NetworkPolicy", name)), None
    )


def test_the_sample_of_the_documentation_is_real() -> None:
    (sample,) = yaml.safe_load(face.RETURN)["_value"]["sample"]
    assert sample == policy("default-deny")


def test_the_documentation_names_every_option_with_its_default() -> None:
    options = yaml.safe_load(face.DOCUMENTATION)["options"]
    parameters = inspect.signature(guardrails).parameters
    assert [*options] == ["_input", *list(parameters)[1:]]
    assert options["ingress_selector"]["default"] == face.TRAEFIK
    for name in ("repository_id", "egress_except", "annotations"):
        # Ansible documents an empty list or mapping where Python must not share one.
        assert (options[name]["default"] or None) == (parameters[name].default or None)


def test_options_reach_the_manifests() -> None:
    ingress = policy("allow-ingress", ingress_selector={"namespace": "web", "labels": {"app": "proxy"}})
    assert ingress is not None
    assert ingress["spec"]["ingress"][0]["from"][0]["namespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "web"}
    }
    internet = policy("allow-internet", egress_except=["5.9.1.2"])
    assert internet is not None
    assert "5.9.1.2/32" in internet["spec"]["egress"][0]["to"][0]["ipBlock"]["except"]
    namespace = guardrails({"projectId": "shop"}, pr="123", repository_id=42, annotations={"a": "b"})[0]["metadata"]
    assert namespace["labels"]["k8s-ee/repository-id"] == "42"
    assert namespace["annotations"] == {"a": "b"}


def test_without_ingress_there_is_no_way_in() -> None:
    rendered = guardrails({"projectId": "shop", "ingress": {"enabled": False}}, pr=1)
    assert "allow-ingress" not in {each["metadata"]["name"] for each in rendered}


@pytest.mark.parametrize(
    ("tree", "options", "said"),
    [
        ({"projectId": "Shop"}, {"pr": 1}, "projectId"),
        ({"projectId": "shop", "prot": 1}, {"pr": 1}, "prot"),
        ({"projectId": "shop"}, {"pr": 0}, "pr '0'"),
        ({"projectId": "shop"}, {"pr": 1, "egress_except": ["here"]}, "preview_egress_except 'here'"),
        ({"projectId": "shop"}, {"pr": 1, "ingress_selector": {}}, "ingress_selector {} is incomplete"),
    ],
)
def test_what_cannot_be_rendered_is_one_clear_line(tree: dict[str, Any], options: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError) as failure:
        guardrails(tree, **options)
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)
