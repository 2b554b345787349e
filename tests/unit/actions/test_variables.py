# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra variables: what strangers wrote stays text, and only what describes the event can be set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, is_trusted_as_template, trust_as_template
from hypothesis import example, given
from hypothesis import strategies as st

from preview.variables import InputError, as_json, inside, parsed


def loaded(text: str) -> dict[str, str]:
    """The variables as `ansible-playbook -e @file` reads them: from a file whose templates are trusted."""
    return dict(DataLoader().load(trust_as_template(text)))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("null")
@example("0x1F")
@example("yes")
@example("1234567e10")
def test_ansible_reads_every_text_as_it_was_written(value: str) -> None:
    assert loaded(as_json({"pr_branch": value})) == {"pr_branch": value}


def test_a_template_of_a_stranger_is_text() -> None:
    value = "{{ lookup('ansible.builtin.pipe', 'id') }}"
    assert is_trusted_as_template(loaded(json.dumps({"pr_image": value}))["pr_image"])
    read = loaded(as_json({"pr_image": value}))
    assert not is_trusted_as_template(read["pr_image"])
    assert Templar(DataLoader(), variables=read).template(read["pr_image"]) == value


def test_half_a_character_does_not_break_the_file() -> None:
    assert loaded(as_json({"pr_branch": "a\ud83d"})) == {"pr_branch": "a?"}


def test_an_empty_input_is_not_given() -> None:
    assert parsed({"pr": "7", "pr_image": ""}, '{"pr_author": ""}') == {"pr": "7"}


def test_more_variables_of_the_event_may_come_as_json() -> None:
    assert parsed({"pr": "7"}, '{"pr_author": "ada", "pr_sequence": 12}') == {
        "pr": "7",
        "pr_author": "ada",
        "pr_sequence": "12",
    }


@pytest.mark.parametrize(
    ("further", "says"),
    [
        ('{"preview_helm": "/tmp/evil"}', "variables names 'preview_helm'; only what describes the event"),
        ('{"ansible_python_interpreter": "/tmp/evil"}', "variables names 'ansible_python_interpreter'"),
        ('{"pr_": "x"}', "variables names 'pr_'"),
        ('{"__check": "x"}', "variables names '__check'"),
        ('{"pr_config": ["a"]}', "pr_config is neither text nor a number"),
        ('{"pr": true}', "pr is neither text nor a number"),
        ("[1]", "variables is no JSON object"),
        ("{", "variables is no JSON object"),
        ('{"pr_branch": "a\\nb"}', "pr_branch has a line end"),
        ('{"pr_branch": "' + "a" * 65_537 + '"}', "more than 65536 characters"),
    ],
)
def test_anything_else_is_refused_by_name(further: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        parsed({}, further)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "link", "a/../../x"])
def test_a_path_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"config is '.*', which leads out of"):
        inside(tmp_path, name, what="config")


def test_a_path_inside_is_made_absolute(tmp_path: Path) -> None:
    assert inside(tmp_path, "app/k8s-ee.yaml", what="config") == tmp_path / "app/k8s-ee.yaml"
