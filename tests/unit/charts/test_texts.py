# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others, through the real helm and back: what a file, a branch or a commit says arrives as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.charts import render_app
from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from tests.unit.charts.test_rendered import CHARTS, context, pod_templates

pytestmark = pytest.mark.helm


def env_of_the_app(helm, **env):
    config = Config.parse({"projectId": "shop", "env": env})
    (pod,) = pod_templates(render_app(helm, CHARTS, config, context()))
    (container,) = pod["spec"]["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"] if variable["name"] in env}


NASTY = (
    *("2024-01-15 10:00:00Z", "2024-01-15T10:00:00+01:00", "2024-02-30", "12:30:45", "=", "<<", "0b_", "0x_", "1_000"),
    *("null", "~", "true", "yes", "1e3", "012", ".inf", "&a", "*a", "!!binary x", "{{ 1 + 1 }}", "{{ .Values.image }}"),
    *("", " ", "trailing  ", "\tleading", "# no comment", "key: value"),
    *("two\nlines", "\nlines\n", "lines\n\n", "  indented\nlines\n", "dos\r\nlines\r\n", "old mac\rlines", "\n"),
    *("😀", "a\x85b", "\u2028", "\ufeff", "\\ud83d", "\x7f"),
)


def test_what_the_configuration_says_is_what_the_application_reads(helm):
    env = {f"NASTY_{number}": text for number, text in enumerate(NASTY)}
    assert env_of_the_app(helm, **env) == env


@pytest.mark.parametrize("text", ["2024-02-30", "a\x7fb", "a\x85b \u2028", "feat/😀"])
def test_commit_branch_and_command_arrive_as_they_are_too(helm, text):
    config = Config.parse({"projectId": "shop", "app": {"command": ["echo", text]}})
    (pod,) = pod_templates(render_app(helm, CHARTS, config, context(sha=text, branch=text)))
    (container,) = pod["spec"]["containers"]
    env = {variable["name"]: variable["value"] for variable in container["env"]}
    assert container["command"] == ["echo", text]
    assert (env["COMMIT_SHA"], env["BRANCH_NAME"]) == (text, text)
    assert pod["metadata"]["annotations"]["k8s-ee/commit"] == text


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0$")), min_size=1, max_size=20))
def test_any_text_of_the_configuration_reaches_the_application(helm, texts):
    env = {f"TEXT_{number}": text for number, text in enumerate(texts)}
    assert env_of_the_app(helm, **env) == env
