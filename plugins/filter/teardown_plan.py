# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.teardown_plan`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: teardown_plan
short_description: What a close would delete
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Decides from a Namespace and the record of an environment what has to go when its pull request closes.
  - Fails where they are not ours, or belong to another repository, and names both.
positional: _input
options:
  _input:
    description: The Namespace object as the cluster has it; empty where there is none.
    type: dict
    required: true
  project:
    description: The projectId.
    type: str
    required: true
  pr:
    description: Number of the pull request.
    type: int
    required: true
  repository_id:
    description: The forge's number of the repository that asks.
    type: int
    default: 0
  repository:
    description: Its C(owner/name).
    type: str
    default: ""
  record:
    description: The Environment object as the cluster has it; empty where there is none.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Say what a close would do
  ansible.builtin.debug:
    msg: "{{ namespace | ephemeral.k8s.teardown_plan(project='shop', pr=123, repository_id=42, record=record) }}"
  vars:
    namespace: "{{ query('kubernetes.core.k8s', kind='Namespace', resource_name='shop-pr-123') | first | default({}) }}"
    record: {}
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    namespace:
      description: Name of the namespace.
      type: str
      sample: shop-pr-123
    repository:
      description: C(owner/name) of its owner as it was written down; empty where nobody knows.
      type: str
      sample: acme/shop
    delete_namespace:
      description: Whether its deletion has to be asked for.
      type: bool
      sample: true
    await_namespace:
      description: Whether it is still there, so that its end has to be seen.
      type: bool
      sample: true
    close_record:
      description: Whether the record does not say Destroyed yet.
      type: bool
      sample: true
    nothing:
      description: Whether there is nothing to do.
      type: bool
      sample: false
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, pr_number
from ansible_collections.ephemeral.k8s.plugins.module_utils.teardown import plan


def teardown_plan(namespace, *, project, pr, repository_id=0, repository="", record=None):
    """The plan as plain data."""
    try:
        identity = Identity(project=str(project), pr=pr_number(str(pr)))
        decided = plan(
            namespace or None,
            record or None,
            identity=identity,
            repository_id=int(repository_id),
            repository=repository,
        )
    except PreviewError as error:
        raise AnsibleFilterError(str(error)) from error
    return decided.as_dict()


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"teardown_plan": teardown_plan}
