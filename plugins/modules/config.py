#!/usr/bin/python
# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read and validate k8s-ee.yaml."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config
short_description: Read and validate k8s-ee.yaml
version_added: 0.1.0
description:
  - Reads a repository's C(k8s-ee.yaml), refuses it with every fault at once, or returns it with all defaults filled in.
  - Touches nothing but the file, and follows no link that leads out of the file's directory.
  - A file above 64 KiB, aliases, tags, duplicate keys, several documents and values that YAML readers understand
    differently (V(no), V(0x10), V(22:22)) are refused.
  - A field that asks for something which is not served yet is a warning here; M(ephemeral.k8s.environment) refuses it.
extends_documentation_fragment:
  - ephemeral.k8s.attributes
  - ephemeral.k8s.limits
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
  path:
    description:
      - The file. Paths inside it are relative to its directory.
      - It is read where Ansible runs, next to the checkout. Give an absolute path.
    type: path
    required: true
requirements:
  - PyYAML >= 6.0
notes:
  - The result holds the application's variables; give the task C(no_log) where they are not for the log.
author:
  - ephemeral.k8s contributors (@ephemeral-k8s)
"""

EXAMPLES = r"""
- name: Read the configuration
  ephemeral.k8s.config:
    path: "{{ playbook_dir }}/k8s-ee.yaml"
  register: read

- name: Show where it will answer
  ansible.builtin.debug:
    msg: "{{ read.config.projectId | ephemeral.k8s.namespace(123) | ephemeral.k8s.host('preview.example.org') }}"
"""

RETURN = r"""
config:
  description: The configuration, complete and in one spelling; reading it again gives the same.
  returned: success
  type: dict
  sample:
    projectId: shop
    trigger: automatic
    app: {healthPath: /health, uid: 1001, replicas: 1, writableDirs: [], port: 3000}
    image: {context: ., dockerfile: Dockerfile}
    resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {cpu: 200m, memory: 384Mi}}
    env: {}
    secrets: []
    databases: {postgresql: {enabled: true, version: "15", storage: 1Gi}}
    hooks: {}
    ingress: {enabled: true, annotations: {}}
    metrics: {enabled: false, interval: 30s}
    services: {}
    expiry: {idle: 3d}
    sleep: {idle: 1h}
errors:
  description: Every fault, in the order of the file.
  returned: failure
  type: list
  elements: dict
  contains:
    field:
      description: Dotted name of the field; empty for the file as a whole.
      type: str
    message:
      description: The value, the rule and, for an unknown key, the nearest valid one.
      type: str
    line:
      description: Line in the file, from 1; null where it has none.
      type: int
  sample:
    - field: app.prot
      message: >-
        unknown key; did you mean port? allowed here: command, healthPath, metricsPath, port, replicas, uid,
        writableDirs
      line: 3
    - field: databases.postgresql.version
      message: 'is a number, must be text: write "15", in quotes'
      line: 6
"""

import os
import stat
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

YAML_IMPORT_ERROR = None
try:
    from ..module_utils.config import Config
    from ..module_utils.document import MAX_BYTES
except ImportError:
    YAML_IMPORT_ERROR = traceback.format_exc()

from ..module_utils.errors import ConfigError, Fault, RefusedError
from ..module_utils.limits import RangeLimits

ARGUMENTS = {"path": {"type": "path", "required": True}, "limits": {"type": "dict", "default": {}}}


def main() -> None:
    """Read the parameters, load, report."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if YAML_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_IMPORT_ERROR, errors=[])
    result = outcome(module.params["path"], module.params["limits"])
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def outcome(name: str, amounts: dict[str, Any]) -> dict[str, Any]:
    """The module's result, for itself and for the action that spares a process."""
    path = Path(name)
    try:
        limits = RangeLimits.parse(amounts)
        config = Config.load(_read(path), limits=limits, leads_out=_leads_out_of(path.parent))
    except ConfigError as error:
        return {"failed": True, "msg": _told(path.name, error.faults), "errors": [_entry(f) for f in error.faults]}
    except RefusedError as error:
        return {"failed": True, "msg": str(error), "errors": [_entry(Fault(field="", message=str(error)))]}
    warnings = [f"{path.name}: {fault}; deploying is refused until it is removed" for fault in config.unsupported()]
    return {"changed": False, "config": config.normalised(), "warnings": warnings}


def _read(path: Path) -> bytes:
    """The file, or one byte more than it may have.

    :raises RefusedError: where there is no such file, or none that may be read.
    """
    if _leads_out_of(path.parent)(path.name):
        raise RefusedError(f"{path} is a link that leads out of its directory; write a file there instead")
    try:
        # Without blocking, since opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise RefusedError(f"{path} is not a file; give the path of k8s-ee.yaml")
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise RefusedError(f"{path} does not exist; write it, with at least projectId, or name another path") from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}; check path and permissions") from None


def _leads_out_of(directory: Path) -> Callable[[str], bool]:
    """Whether a path below a directory ends outside of it, all links followed."""

    def leads_out(below: str) -> bool:
        try:
            path = (directory / below).resolve()
            # Python before 3.13 raises at links in a circle, later ones return the first of them.
            return path.is_symlink() or not path.is_relative_to(directory.resolve())
        except (OSError, RuntimeError, ValueError):  # links in a circle, names that no file can have
            return True

    return leads_out


def _told(name: str, faults: tuple[Fault, ...]) -> str:
    if len(faults) == 1:
        return f"{name}: {faults[0]}"
    return "\n".join([f"{name} has {len(faults)} errors:", *(f"- {fault}" for fault in faults)])


def _entry(fault: Fault) -> dict[str, object]:
    return {"field": fault.field, "message": fault.message, "line": fault.line}


if __name__ == "__main__":
    main()
