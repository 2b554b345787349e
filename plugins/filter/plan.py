# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.plan`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: What a deploy would do, in words
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Turns what M(ephemeral.k8s.environment) returns in check mode into lines, objects by action and the sums of CPU,
    memory and storage.
positional: _input
options:
  _input:
    description: The module's result.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what would be done
  ansible.builtin.debug:
    msg: "{{ planned | ephemeral.k8s.plan }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "to create: Namespace/shop-pr-123, Deployment/app, Service/app, Ingress/app"
    - "url: https://shop-pr-123.preview.example.org"
    - "cpu: 200m requested, 1380m at most"
    - "memory: 384Mi requested, 1767Mi at most"
    - "storage: 1Gi"
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils.report import plan_lines


def plan(planned: dict) -> list[str]:
    try:
        return plan_lines(planned)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            "ephemeral.k8s.plan: takes the result of module ephemeral.k8s.environment in check mode"
        ) from error


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"plan": plan}
