# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to a cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """How to reach the cluster."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig. Without it E(KUBECONFIG), C(~/.kube/config) or the pod's own account is used.
    type: path
  context:
    description: Context of the kubeconfig; its current one without.
    type: str
requirements:
  - kubernetes >= 35
"""
