# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.namespace`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: namespace
short_description: The namespace of a pull request
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Names the namespace of a project's pull request, which is the name of its record and Lease too.
positional: _input, pr
options:
  _input:
    description: The projectId.
    type: str
    required: true
  pr:
    description: Number of the pull request.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Show the namespace of pull request 123
  ansible.builtin.debug:
    msg: "{{ 'shop' | ephemeral.k8s.namespace(123) }}"
"""

RETURN = r"""
_value:
  description: The namespace.
  type: str
  sample: shop-pr-123
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, pr_number


def namespace(project: str, pr: int | str) -> str:
    try:
        return Identity(project=str(project), pr=pr_number(str(pr))).namespace
    except PreviewError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"namespace": namespace}
