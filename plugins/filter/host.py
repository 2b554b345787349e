# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.host`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host
short_description: The public host name of an environment
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Names the host of an environment's application, or of one of its further services.
positional: _input, domain, service
options:
  _input:
    description: The namespace, as P(ephemeral.k8s.namespace#filter) gives it.
    type: str
    required: true
  domain:
    description: The domain below which each environment has its host.
    type: str
    required: true
  service:
    description: Name of a further service of C(k8s-ee.yaml).
    type: str
"""

EXAMPLES = r"""
- name: Show the host of the service api
  ansible.builtin.debug:
    msg: "{{ 'shop-pr-123' | ephemeral.k8s.host('preview.example.org', service='api') }}"
"""

RETURN = r"""
_value:
  description: The host name.
  type: str
  sample: shop-pr-123-api.preview.example.org
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils import names
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError


def host(namespace: str, domain: str, service: str | None = None) -> str:
    try:
        return names.host(namespace, domain, service)
    except PreviewError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"host": host}
