#!/usr/bin/python
# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring the environment of one pull request to its state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: environment
short_description: Bring the environment of one pull request to its state
version_added: 0.1.0
description:
  - With O(state=present), gives a pull request its namespace, guard rails, databases, application and URL, and reports
    V(ready) once a request through the ingress was answered with a 2xx status.
  - With O(state=absent), removes all of it, and reports V(destroyed) once namespace and volumes were seen to be gone.
  - Runs of one environment take turns by a Lease; a run of an older O(sequence) gives way and ends as V(superseded).
  - What happened is on record in an C(Environment) object of the platform's namespace.
extends_documentation_fragment:
  - ephemeral.k8s.attributes
  - ephemeral.k8s.connection
  - ephemeral.k8s.limits
attributes:
  check_mode:
    support: full
    details: A new environment is compared locally, since its namespace is not there for the API server to judge.
  diff_mode:
    support: full
    details: Secrets show their keys and environment variables their names, never a value.
  idempotent:
    support: full
options:
  state:
    description: What the environment is to be.
    type: str
    choices: [present, absent]
    default: present
  config:
    description: The normalised configuration, as M(ephemeral.k8s.config) returns it. Required with O(state=present).
    type: dict
  project:
    description:
      - The projectId whose environment is to go. With O(state=absent) only.
      - Without it the environments of O(number) and O(repository_id) are found, a renamed projectId's too.
    type: str
  number:
    description: Number of the pull request, from 1 to 999999999.
    type: str
    required: true
  repository:
    description: The repository as C(owner/name). Empty means C(local/<projectId>).
    type: str
    default: ''
  repository_id:
    description: The forge's number of the repository, which outlives a rename; 0 where there is no forge.
    type: int
    default: 0
  sha:
    description: The commit that the image was built from.
    type: str
    default: unknown
  branch:
    description: The pull request's branch.
    type: str
    default: unknown
  author:
    description: Who opened the pull request.
    type: str
    default: unknown
  image:
    description: The application's image, by tag or digest. Required with O(state=present).
    type: str
  sequence:
    description:
      - The order of events of this pull request; higher is newer, from 0 to 9007199254740991.
      - Keep to one scale, the time of the event in seconds; a run of a lower number gives way to a higher one for ever.
    type: int
    required: true
  profile:
    description: Which guard rails apply. V(fork) is refused until they serve it.
    type: str
    choices: [team, fork]
    default: team
  domain:
    description: The domain below which each environment has its host. Required with O(state=present).
    type: str
  https_port:
    description: The public port of the ingress.
    type: int
    default: 443
  connect_address:
    description: Where to connect when trying the URL; empty for what its name resolves to.
    type: str
    default: ''
  ca_file:
    description: Certificates to trust when trying the URL; empty for the system's.
    type: str
    default: ''
  charts:
    description: Folder of the charts. Required with O(state=present).
    type: path
  helm:
    description: The helm program, to render charts with.
    type: str
    default: helm
  images:
    description: Images of databases by kind and version, where not the chart's own.
    type: dict
    default: {}
  storage_class:
    description: Class of the databases' volumes; empty for the cluster's default.
    type: str
    default: ''
  ingress_class:
    description: Class of the Ingress.
    type: str
    default: traefik
  ingress_selector:
    description: Namespace and pod labels of the ingress controller, the only one who may call the application.
    type: dict
    default: {namespace: platform, labels: {app.kubernetes.io/name: traefik}}
    suboptions:
      namespace:
        description: Its namespace.
        type: str
        required: true
      labels:
        description: Its pods' labels.
        type: dict
        required: true
  egress_except:
    description: CIDRs that environments must not reach, besides private ranges and the cluster's own.
    type: list
    elements: str
    default: []
  platform_namespace:
    description: Where records and Leases are kept.
    type: str
    default: platform
  timeout:
    description:
      - Seconds for which each phase may wait for the cluster.
      - An API server that is away, throttles or fails is asked again for as long, for 90 at most.
    type: int
    default: 180
  lease_wait:
    description: Seconds to wait for another run of the same environment.
    type: int
    default: 600
author:
  - ephemeral.k8s contributors (@ephemeral-k8s)
"""

EXAMPLES = r"""
- name: Read the configuration
  ephemeral.k8s.config:
    path: k8s-ee.yaml
  register: parsed

- name: Open pull request 123
  ephemeral.k8s.environment:
    config: "{{ parsed.config }}"
    number: "123"
    sequence: 1764000000
    sha: 0b5cbb7ae1a3c8a4b0fb9ffb2b0b0b3b3b1b1b1b
    image: ghcr.io/acme/shop:pr-123
    domain: preview.example.org
    charts: /usr/share/ephemeral-k8s/charts
  register: opened

- name: Close it
  ephemeral.k8s.environment:
    state: absent
    project: shop
    number: "123"
    sequence: 1764000900
"""

RETURN = r"""
preview:
  description: How the run ended.
  returned: always
  type: dict
  contains:
    status:
      description: One of V(ready), V(failed), V(refused), V(superseded), V(queued), V(destroyed), V(absent).
      type: str
    url:
      description: The public URL; null without ingress and once destroyed.
      type: str
    namespace:
      description: The environment's namespace.
      type: str
    changed:
      description: Whether anything in the cluster was not as asked.
      type: bool
    phases:
      description: Name and seconds of each phase, in order.
      type: list
      elements: dict
    diagnosis:
      description: Phase, object, reason, exit_code, message, log and hint of what failed; null where nothing did.
      type: dict
  sample:
    status: ready
    url: https://shop-pr-123.preview.example.org
    namespace: shop-pr-123
    changed: true
    phases:
      - {name: plan, seconds: 0.211}
      - {name: record, seconds: 0.034}
      - {name: admit, seconds: 0.006}
      - {name: guardrails, seconds: 0.061}
      - {name: data, seconds: 3.402}
      - {name: app, seconds: 2.108}
      - {name: probe, seconds: 0.152}
    diagnosis: null
objects:
  description: Each object of the environment and what became of it.
  returned: when the run got so far
  type: list
  elements: dict
  sample:
    - {object: Namespace/shop-pr-123, action: created}
    - {object: Deployment/app, action: created}
quota:
  description: The sums that the environment may use, by the names of a ResourceQuota.
  returned: when the run got so far
  type: dict
  sample:
    requests.cpu: 200m
    limits.cpu: 1380m
    requests.memory: 384Mi
    limits.memory: 1767Mi
    requests.storage: 1Gi
    pods: "3"
"""

import secrets
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.absent import absent, find
from ..module_utils.clock import SystemClock
from ..module_utils.environment import Platform, World
from ..module_utils.errors import CancelledError, PreviewError, RefusedError
from ..module_utils.helm import Helm
from ..module_utils.kubeconfig import PATIENCE_SECONDS, connect
from ..module_utils.limits import RangeLimits
from ..module_utils.liveness import SystemProcesses
from ..module_utils.names import Identity, pr_number
from ..module_utils.present import check, present
from ..module_utils.prober import HttpsProber
from ..module_utils.progress import Preview, Progress, combine, ended_early
from ..module_utils.record import Request

# An environment has some thirty objects; eight connections send them in four rounds.
_CONNECTIONS = 8
_LAST_SEQUENCE = 2**53 - 1
# A run that was asked to stop puts that on record if the API server answers by then: GitHub kills it after some 10 s.
_LAST_WORDS_SECONDS = 2.0


class _Module(AnsibleModule):
    """Shows no `config`: Ansible adds every parameter to a result, and with it the values of `config.env`."""

    def exit_json(self, **kwargs: Any) -> None:
        super().exit_json(**self._without_config(kwargs))

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        super().fail_json(msg, **self._without_config(kwargs))

    def _without_config(self, result: dict) -> dict:
        shown = {key: value for key, value in self.params.items() if key != "config"}
        return {"invocation": {"module_args": shown}, **result}


def main() -> None:
    """Read the parameters, run, report."""
    module = _Module(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "config": {"type": "dict"},
            "project": {"type": "str"},
            "number": {"type": "str", "required": True},
            "repository": {"type": "str", "default": ""},
            "repository_id": {"type": "int", "default": 0},
            "sha": {"type": "str", "default": "unknown"},
            "branch": {"type": "str", "default": "unknown"},
            "author": {"type": "str", "default": "unknown"},
            "image": {"type": "str"},
            "sequence": {"type": "int", "required": True},
            "profile": {"type": "str", "choices": ["team", "fork"], "default": "team"},
            "domain": {"type": "str"},
            "https_port": {"type": "int", "default": 443},
            "connect_address": {"type": "str", "default": ""},
            "ca_file": {"type": "str", "default": ""},
            "charts": {"type": "path"},
            "helm": {"type": "str", "default": "helm"},
            "images": {"type": "dict", "default": {}},
            "storage_class": {"type": "str", "default": ""},
            "ingress_class": {"type": "str", "default": "traefik"},
            "ingress_selector": {
                "type": "dict",
                "default": {"namespace": "platform", "labels": {"app.kubernetes.io/name": "traefik"}},
                "options": {
                    "namespace": {"type": "str", "required": True},
                    "labels": {"type": "dict", "required": True},
                },
            },
            "egress_except": {"type": "list", "elements": "str", "default": []},
            "limits": {"type": "dict", "default": {}},
            "platform_namespace": {"type": "str", "default": "platform"},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
            "timeout": {"type": "int", "default": 180},
            "lease_wait": {"type": "int", "default": 600},
        },
        required_if=[("state", "present", ("config", "image", "domain", "charts"))],
        supports_check_mode=True,
    )
    params = module.params
    progress = Progress(SystemClock())
    try:
        with ThreadPoolExecutor(_CONNECTIONS) as pool, _stopped_by_sigterm() as stop:
            preview = _run(params, pool, stop, check_mode=module.check_mode)
    except PreviewError as error:
        preview = ended_early("", progress, error)
    _report(module, preview)


class _Stop:
    """Whether this run was asked to stop."""

    asked = False


def _run(params: dict, pool: ThreadPoolExecutor, stop: _Stop, *, check_mode: bool) -> Preview:
    clock = SystemClock()
    number, sequence = pr_number(params["number"]), _order(params["sequence"])
    sat_out = min(PATIENCE_SECONDS, float(params["timeout"]))
    world = World(
        cluster=connect(
            kubeconfig=params["kubeconfig"] or "",
            context=params["context"] or "",
            clock=clock,
            patience=lambda: _LAST_WORDS_SECONDS if stop.asked else sat_out,
        ),
        helm=Helm(program=params["helm"]),
        # A close tries no URL, and a CA file that is missing must not keep an environment alive.
        prober=HttpsProber(
            connect_address=params["connect_address"], ca_file=params["ca_file"] if params["state"] == "present" else ""
        ),
        clock=clock,
        pool=pool,
        token=secrets.token_urlsafe,
        run=secrets.token_hex(8),
        timeout_seconds=float(params["timeout"]),
        lease_wait_seconds=float(params["lease_wait"]),
        processes=SystemProcesses(),
    )
    platform = Platform(
        domain=params["domain"] or "",
        https_port=params["https_port"],
        charts=params["charts"] or "",
        namespace=params["platform_namespace"],
        images=params["images"],
        storage_class=params["storage_class"],
        ingress_class=params["ingress_class"],
        ingress_selector=params["ingress_selector"],
        egress_except=tuple(params["egress_except"]),
        limits=RangeLimits.parse(params["limits"]),
    )
    if params["state"] == "absent":
        return _absent(world, platform, params, number, check_mode=check_mode)
    project = str(params["config"].get("projectId", ""))
    request = Request(
        identity=Identity(project=project, pr=number),
        repository=params["repository"] or f"local/{project}",
        repository_id=params["repository_id"],
        sha=params["sha"],
        branch=params["branch"],
        author=params["author"],
        image=params["image"],
        sequence=sequence,
        profile=params["profile"],
    )
    return (check if check_mode else present)(world, platform, request, params["config"])


def _absent(world: World, platform: Platform, params: dict, number: int, *, check_mode: bool) -> Preview:
    repository, repository_id, project = params["repository"], params["repository_id"], params["project"]
    if project:
        identities = (Identity(project=project, pr=number),)
        repository = repository or f"local/{project}"
    else:
        identities = find(
            world,
            platform_namespace=platform.namespace,
            pr=number,
            repository=repository,
            repository_id=repository_id,
        )
    return combine(
        [
            absent(
                world,
                platform,
                identity=identity,
                repository=repository or f"local/{identity.project}",
                repository_id=repository_id,
                sequence=params["sequence"],
                check=check_mode,
            )
            for identity in identities
        ]
    )


@contextmanager
def _stopped_by_sigterm() -> Iterator[_Stop]:
    """The first SIGTERM ends the run; one that comes later disturbs neither record nor report."""
    stop = _Stop()

    def cancel(signum: int, frame: FrameType | None) -> None:
        # Once is enough: a second one must not interrupt what puts the first on record.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stop.asked = True
        raise CancelledError("the run was asked to stop (SIGTERM)")

    signal.signal(signal.SIGTERM, cancel)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _order(sequence: int) -> int:
    """The sequence, within what every reader of JSON keeps exactly.

    :raises RefusedError: where it is none; a run that got in with it would keep all later ones out for ever.
    """
    if not 0 <= sequence <= _LAST_SEQUENCE:
        raise RefusedError(
            f"pr_sequence {sequence} is not from 0 to {_LAST_SEQUENCE}; give the time of the event in seconds"
        )
    return sequence


def _report(module: AnsibleModule, preview: Preview) -> None:
    result = {
        "changed": preview.changed,
        "preview": preview.as_dict(),
        "objects": [{"object": str(change.ref), "action": change.action} for change in preview.changes],
        "quota": dict(preview.quota),
    }
    if module._diff:
        result["diff"] = [
            {"before_header": str(c.ref), "after_header": str(c.ref), "before": c.before, "after": c.after}
            for c in preview.changes
            if c.changed
        ]
    for note in preview.notes:
        module.warn(note)
    if preview.failed:
        module.fail_json(msg=str((preview.diagnosis or {}).get("message", preview.status)), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
