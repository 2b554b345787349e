# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.quota`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: quota
short_description: The ResourceQuota that a configuration needs
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Computes C(spec.hard) of the ResourceQuota in which everything that a configuration declares starts, with one extra
    application pod for a rolling update and the largest Job; limits have 15 % headroom.
positional: _input
options:
  _input:
    description: The configuration, as M(ephemeral.k8s.config) returns it.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what the environment will be allowed
  ansible.builtin.debug:
    msg: "{{ read.config | ephemeral.k8s.quota }}"
"""

RETURN = r"""
_value:
  description: Amounts by resource.
  type: dict
  sample:
    requests.cpu: 200m
    limits.cpu: 1265m
    requests.memory: 384Mi
    limits.memory: 1767Mi
    requests.storage: 1Gi
    pods: "3"
    persistentvolumeclaims: "1"
    services: "2"
    secrets: "5"
    configmaps: "5"
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import required


def quota(config: Mapping[str, Any]) -> dict[str, str]:
    try:
        return required(Config.parse(config)).hard()
    except PreviewError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"quota": quota}
