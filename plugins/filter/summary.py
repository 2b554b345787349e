# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.summary`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: A preview result in words
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Turns the RV(ephemeral.k8s.environment#module:preview) of a run into lines for a terminal or a job log.
positional: _input
options:
  _input:
    description: The result.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell how it ended
  ansible.builtin.debug:
    msg: "{{ opened.preview | ephemeral.k8s.summary }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "shop-pr-123: ready"
    - "https://shop-pr-123.preview.example.org"
    - "6.0 s: plan 0.2, record 0.0, admit 0.0, guardrails 0.1, data 3.4, app 2.1, probe 0.2"
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils.report import lines


def summary(preview: dict) -> list[str]:
    try:
        return lines(preview)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            "ephemeral.k8s.summary: takes the `preview` of module ephemeral.k8s.environment"
        ) from error


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"summary": summary}
