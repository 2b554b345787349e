# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter `ephemeral.k8s.guardrails`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: guardrails
short_description: The guard rails of an environment
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Renders what is in force in an environment's namespace before its first pod exists, without touching a cluster.
  - These are the Namespace with restricted Pod Security, NetworkPolicies that deny everything but a few named ways,
    a ResourceQuota computed from the configuration, a LimitRange, and ServiceAccounts without token.
positional: _input
options:
  _input:
    description: The configuration, as C(k8s-ee.yaml) has it or as module M(ephemeral.k8s.config) returns it.
    type: dict
    required: true
  pr:
    description: Number of the pull request.
    type: int
    required: true
  repository_id:
    description: The forge's number of the repository.
    type: int
    default: 0
  annotations:
    description: Annotations of the Namespace, such as its commit and branch.
    type: dict
    default: {}
  ingress_selector:
    description:
      - The only pods of elsewhere that reach the application, by their C(namespace) and C(labels).
    type: dict
    default:
      namespace: kube-system
      labels:
        app.kubernetes.io/name: traefik
  egress_except:
    description:
      - Addresses and ranges that the environment must not reach, besides all that is not the public internet.
      - Public addresses of nodes belong here, and ranges of pods and services where they are not private ones.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what will be in force
  ansible.builtin.debug:
    msg: >-
      {{ lookup('ansible.builtin.file', 'k8s-ee.yaml') | from_yaml
      | ephemeral.k8s.guardrails(pr=123, egress_except=['198.51.100.7']) }}
"""

RETURN = r"""
_value:
  description: Manifests, the Namespace first, each of one Kubernetes object.
  type: list
  elements: dict
  sample:
    - apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: default-deny
        namespace: shop-pr-123
        labels:
          app.kubernetes.io/managed-by: ephemeral.k8s
          k8s-ee/project: shop
          k8s-ee/pr: "123"
          k8s-ee/repository-id: "0"
      spec:
        podSelector: {}
        policyTypes:
          - Ingress
          - Egress
        ingress: []
        egress: []
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import PreviewError
from ansible_collections.ephemeral.k8s.plugins.module_utils.guardrails import render
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels, pr_number
from ansible_collections.ephemeral.k8s.plugins.module_utils.network_policies import PodSelector
from ansible_collections.ephemeral.k8s.plugins.module_utils.quota import required

TRAEFIK = {"namespace": "kube-system", "labels": {"app.kubernetes.io/name": "traefik"}}


def guardrails(tree, *, pr, repository_id=0, annotations=None, ingress_selector=None, egress_except=()):
    """The manifests of a configuration's guard rails."""
    try:
        config = Config.parse(tree)
        identity = Identity(project=config.project_id, pr=pr_number(str(pr)))
        return list(
            render(
                identity,
                labels=labels(identity, int(repository_id)),
                annotations=annotations or {},
                quota=required(config),
                ingress_selector=PodSelector.parse(TRAEFIK if ingress_selector is None else ingress_selector),
                egress_except=egress_except,
                app_ports=(config.app.port,) if config.ingress.enabled else (),
            )
        )
    except PreviewError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter."""

    def filters(self):
        """By name."""
        return {"guardrails": guardrails}
