# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup `ephemeral.k8s.literal`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: literal
short_description: A variable as it was given, never read as a template
version_added: 0.1.0
author: ephemeral.k8s contributors (@ephemeral-k8s)
description:
  - Ansible reads a variable of the command line, or of ansible-runner, as a template each time it is used.
  - Names of branches and of people come from whoever opens a pull request. As a template such a name could run commands
    beside the cluster's credential. This lookup hands the text over without ever reading it as a template.
options:
  _terms:
    description: Name of the variable.
    required: true
  default:
    description: What to take where the variable is not there.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show a branch as its author called it
  ansible.builtin.debug:
    msg: "{{ lookup('ephemeral.k8s.literal', 'pr_branch', default='unknown') }}"
"""

RETURN = r"""
_raw:
  description: The text, letter by letter.
  type: list
  elements: str
"""

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms, variables=None, **kwargs):
        """The raw value of each variable."""
        self.set_options(var_options=variables, direct=kwargs)
        default = self.get_option("default")
        return [_plain(variables[term]) if term in variables else default for term in terms]


def _plain(value):
    # Through bytes, since a copy of a string keeps Ansible's mark that it may be read as a template.
    return str(value).encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
