# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module says of itself: check mode, diff mode, idempotence; each module adds its degree of support."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes and what they mean."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it.
  diff_mode:
    description: Returns what has changed, or would change, when in diff mode.
  idempotent:
    description: A second run with the same parameters changes nothing and says so.
"""
