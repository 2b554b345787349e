#!/usr/bin/python
# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List environments by their records."""

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_info
short_description: List environments by their records
version_added: 0.1.0
description:
  - Reads the C(Environment) records of the platform's namespace, living environments and those destroyed of late.
extends_documentation_fragment:
  - ephemeral.k8s.attributes
  - ephemeral.k8s.connection
attributes:
  check_mode:
    support: full
    details: It only reads.
  diff_mode:
    support: N/A
    details: It only reads.
  idempotent:
    support: full
options:
  project:
    description: Only environments of this projectId.
    type: str
  number:
    description: Only environments of this pull request.
    type: str
  repository_id:
    description: Only environments of the repository with this number.
    type: int
  platform_namespace:
    description: Where records are kept.
    type: str
    default: platform
author:
  - ephemeral.k8s contributors (@ephemeral-k8s)
"""

EXAMPLES = r"""
- name: List all environments
  ephemeral.k8s.environment_info:
  register: all_environments

- name: Read the one of pull request 123
  ephemeral.k8s.environment_info:
    project: shop
    number: "123"
  register: one
"""

RETURN = r"""
environments:
  description: The records, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the record and of the environment's namespace.
      type: str
    spec:
      description: What was asked for last.
      type: dict
    status:
      description: Phase, step, URL, times, phase seconds and diagnosis.
      type: dict
  sample:
    - name: shop-pr-123
      spec: {project: shop, pr: 123, repository: acme/shop, repositoryId: 42, commit: 0b5cbb7, profile: team}
      status: {phase: Ready, url: "https://shop-pr-123.preview.example.org", expiresAt: "2026-11-26T20:00:00Z"}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.clock import SystemClock
from ..module_utils.errors import PreviewError
from ..module_utils.kubeconfig import connect
from ..module_utils.names import Identity, pr_number


def main() -> None:
    """Read the parameters, list, report."""
    module = AnsibleModule(
        argument_spec={
            "project": {"type": "str"},
            "number": {"type": "str"},
            "repository_id": {"type": "int"},
            "platform_namespace": {"type": "str", "default": "platform"},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        cluster = connect(kubeconfig=params["kubeconfig"] or "", context=params["context"] or "", clock=SystemClock())
        wanted = {
            # As an Identity, or a comma in it would be another selector.
            "k8s-ee/project": None if params["project"] is None else Identity(project=params["project"], pr=1).project,
            "k8s-ee/pr": None if params["number"] is None else pr_number(params["number"]),
            "k8s-ee/repository-id": params["repository_id"],
        }
        labels = ",".join(f"{key}={value}" for key, value in wanted.items() if value is not None)
        records = cluster.list("Environment", namespace=params["platform_namespace"], labels=labels).items
    except PreviewError as error:
        module.fail_json(msg=str(error), environments=[])
    module.exit_json(
        changed=False,
        environments=[
            {"name": r["metadata"]["name"], "spec": r["spec"], "status": r.get("status", {})}
            for r in sorted(records, key=lambda record: str(record["metadata"]["name"]))
        ],
    )


if __name__ == "__main__":
    main()
