# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to GitHub."""

from __future__ import annotations


class ModuleDocFragment:
    """How to reach GitHub."""

    DOCUMENTATION = r"""
options:
  token:
    description:
      - The workflow's own token, or that of an App's installation. Without it E(GITHUB_TOKEN) is used.
      - It needs C(pull-requests), C(statuses) and C(deployments), each with C(write).
    type: str
  api_url:
    description:
      - GitHub's API. Without it E(GITHUB_API_URL) is used, which a workflow's job has.
      - Of a GitHub Enterprise Server it is C(https://<host>/api/v3).
    type: str
    default: https://api.github.com
  patience:
    description: Seconds for which all requests together may wait for a GitHub that throttles, fails or is away.
    type: int
    default: 20
requirements:
  - PyGithub >= 2.10
"""
