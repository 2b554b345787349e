# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.url`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: url
short_description: The URL of a host
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Writes the HTTPS URL of a host, with the port where it is not 443.
positional: _input, port
options:
  _input:
    description: The host name, as P(ephemeral.k8s.host#filter) gives it.
    type: str
    required: true
  port:
    description: Public port of the ingress.
    type: int
    default: 443
"""

EXAMPLES = r"""
- name: Show the URL of pull request 123
  ansible.builtin.debug:
    msg: "{{ 'shop-pr-123' | ephemeral.k8s.host('preview.localhost') | ephemeral.k8s.url(8443) }}"
"""

RETURN = r"""
_value:
  description: The URL.
  type: str
  sample: https://shop-pr-123.preview.localhost:8443
"""

from ansible_collections.ephemeral.k8s.plugins.module_utils import names


def url(host: str, port: int | str = 443) -> str:
    return names.url(host, int(port))


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"url": url}
