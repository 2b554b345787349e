# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option of every module that judges a configuration."""

from __future__ import annotations


class ModuleDocFragment:
    """What one container and one volume may have."""

    DOCUMENTATION = r"""
options:
  limits:
    description:
      - What the LimitRange of each namespace sets; keys that are not written keep the product's numbers.
      - V(container_cpu) 2, V(container_memory) 2Gi, V(default_cpu) 200m, V(default_memory) 256Mi, V(claim_min) 100Mi,
        V(claim_max) 10Gi.
    type: dict
    default: {}
"""
