#!/usr/bin/python
# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell a pull request what became of its environment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pull_request
short_description: Tell a pull request what became of its environment
version_added: 0.1.0
description:
  - Keeps one comment under the pull request, edited in place, one commit status and, under GitHub's environment
    C(preview), one transient deployment for each commit, which is inactive once the environment is gone.
  - What a newer event (O(sequence)) has told is not taken back by an older one.
  - It never fails for GitHub's sake. What GitHub does not take is returned with RV(reported=false) and a warning, and
    kept in the annotation C(k8s-ee/undelivered-report) of the environment's record, until a later report is taken.
  - A push costs 10 requests from O(state=building) over O(state=deploying) to the result, a close 3. Each hundred
    comments before ours cost one more.
extends_documentation_fragment:
  - ephemeral.k8s.attributes
  - ephemeral.k8s.connection
  - ephemeral.k8s.forge
attributes:
  check_mode:
    support: full
    details: It reads the comments, and writes nothing.
  diff_mode:
    support: full
    details: The text of the comment.
  idempotent:
    support: partial
    details: The same told again writes nothing, except with O(previous), which spares looking at what is there.
options:
  repository:
    description: The repository as C(owner/name).
    type: str
    required: true
  number:
    description: Number of the pull request, from 1 to 999999999.
    type: str
    required: true
  state:
    description: What the environment is now; without it O(preview) tells.
    type: str
    choices:
      - queued
      - building
      - deploying
      - ready
      - failed
      - refused
      - asleep
      - expired
      - destroyed
      - superseded
      - cancelled
  preview:
    description: How a run ended, as M(ephemeral.k8s.environment) returns it.
    type: dict
  project:
    description: The projectId, where O(preview) does not tell the namespace.
    type: str
    default: ''
  repository_id:
    description:
      - GitHub's number of the repository; 0 where it is not known.
      - By it the environment is found where neither O(preview) nor O(project) names it.
    type: int
    default: 0
  sha:
    description: The commit, 40 hexadecimal digits; anything else gets no status and no deployment.
    type: str
    default: unknown
  branch:
    description: The pull request's branch.
    type: str
    default: unknown
  sequence:
    description: The order of events of this pull request, as for M(ephemeral.k8s.environment).
    type: int
    default: 0
  status_context:
    description: Name of the commit's status. Give each its own where one repository has several C(k8s-ee.yaml).
    type: str
    default: preview
  authors:
    description: Logins under which the platform writes. An App's is its name and C([bot]).
    type: list
    elements: str
    default: ['github-actions[bot]']
  previous:
    description: RV(comment) of an earlier report of the same run, which spares looking for it.
    type: dict
    suboptions:
      id:
        description: Its number.
        type: int
        required: true
      marker:
        description: Its hidden first line.
        type: str
        required: true
      url:
        description: Where people read it.
        type: str
        default: ''
  grafana_url:
    description: Where to see the environment in Grafana; C({namespace}) stands for its namespace. Empty for nowhere.
    type: str
    default: ''
  logs_url:
    description: Where to see its logs, likewise.
    type: str
    default: ''
  run_url:
    description: Where to see the run that tells this. Empty for nowhere.
    type: str
    default: ''
  react_to:
    description: Number of a comment, such as the one that ordered the run, to put O(reaction) under.
    type: int
  reaction:
    description: What to put under O(react_to).
    type: str
    choices: ['+1', '-1', laugh, confused, heart, hooray, rocket, eyes]
  record:
    description: Whether to read the environment's record. Without it expiry, pin and usual times stay unknown.
    type: bool
    default: true
  platform_namespace:
    description: Where records are kept.
    type: str
    default: platform
requirements:
  - segno
author:
  - ephemeral.k8s contributors (@ephemeral-k8s)
"""

EXAMPLES = r"""
- name: Tell that the image is being built
  ephemeral.k8s.pull_request:
    repository: acme/shop
    number: "123"
    project: shop
    state: building
    sha: 0b5cbb7ae1a3c8a4b0fb9ffb2b0b0b3b3b1b1b1b
    sequence: 1764000000
    record: false
  register: building

- name: Tell how the run ended
  ephemeral.k8s.pull_request:
    repository: acme/shop
    number: "123"
    preview: "{{ opened.preview }}"
    sha: 0b5cbb7ae1a3c8a4b0fb9ffb2b0b0b3b3b1b1b1b
    sequence: 1764000000
    previous: "{{ building.comment }}"
    run_url: https://github.com/acme/shop/actions/runs/99
"""

RETURN = r"""
reported:
  description: Whether GitHub has taken the comment.
  returned: always
  type: bool
  sample: true
reason:
  description: Why it has not; null where it has.
  returned: always
  type: str
  sample: null
kept:
  description: Whether the environment's record keeps the report for later.
  returned: always
  type: bool
  sample: false
comment:
  description: Our comment; null where there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Its number.
      type: int
    url:
      description: Where people read it.
      type: str
    marker:
      description: Its hidden first line.
      type: str
  sample:
    id: 2811042713
    url: https://github.com/acme/shop/pull/123#issuecomment-2811042713
    marker: >-
      <!-- k8s-ee {"environment":"shop-pr-123","sequence":1764000000,"commit":"0b5cbb7","state":"ready",
      "deployment":1873620411,"older":[]} -->
actions:
  description: What was written, in order.
  returned: always
  type: list
  elements: str
  sample: [status success, deployment success, comment edited]
requests:
  description: How many requests were sent to GitHub.
  returned: always
  type: int
  sample: 3
"""

import signal
import traceback

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

MISSING: dict[str, str] = {}
try:
    from ..module_utils.forge import connect as connect_forge
except ImportError:
    MISSING["PyGithub"] = traceback.format_exc()
try:
    from ..module_utils.delivery import Delivered, Delivery
except ImportError:
    MISSING["segno"] = traceback.format_exc()

from ..module_utils.clock import SystemClock
from ..module_utils.errors import ClusterError, ForgeError, PreviewError
from ..module_utils.marker import Marker
from ..module_utils.names import Identity, pr_number
from ..module_utils.sticky import Sticky
from ..module_utils.view import Links, State, View, state_of

REACTIONS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
# An API server that is away must not keep the news back for long.
_RECORD_SECONDS = 5.0


def main() -> None:
    """Read the parameters, tell, report."""
    module = AnsibleModule(
        argument_spec={
            "repository": {"type": "str", "required": True},
            "number": {"type": "str", "required": True},
            "state": {"type": "str", "choices": [str(state) for state in State]},
            "preview": {"type": "dict"},
            "project": {"type": "str", "default": ""},
            "repository_id": {"type": "int", "default": 0},
            "sha": {"type": "str", "default": "unknown"},
            "branch": {"type": "str", "default": "unknown"},
            "sequence": {"type": "int", "default": 0},
            "status_context": {"type": "str", "default": "preview"},
            "authors": {"type": "list", "elements": "str", "default": ["github-actions[bot]"]},
            "previous": {
                "type": "dict",
                "options": {
                    "id": {"type": "int", "required": True},
                    "marker": {"type": "str", "required": True},
                    "url": {"type": "str", "default": ""},
                },
            },
            "grafana_url": {"type": "str", "default": ""},
            "logs_url": {"type": "str", "default": ""},
            "run_url": {"type": "str", "default": ""},
            "react_to": {"type": "int"},
            "reaction": {"type": "str", "choices": REACTIONS},
            "record": {"type": "bool", "default": True},
            "platform_namespace": {"type": "str", "default": "platform"},
            "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GITHUB_TOKEN"])},
            "api_url": {
                "type": "str",
                "default": "https://api.github.com",
                "fallback": (env_fallback, ["GITHUB_API_URL"]),
            },
            "patience": {"type": "int", "default": 20},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        required_one_of=[("state", "preview", "react_to")],
        required_together=[("react_to", "reaction")],
        supports_check_mode=True,
    )
    # The report of a run that was asked to stop is what tells that it was; it ends by its own patience.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for warning in (result := _Telling(module.params, check=module.check_mode, diff=module._diff).result()).pop(
        "notes"
    ):
        module.warn(warning)
    module.exit_json(**result)


class _Telling:
    """One run of the module, which ends well whatever GitHub and the cluster do."""

    def __init__(self, params: dict, *, check: bool, diff: bool) -> None:
        self._params = params
        self._check = check
        self._diff = diff
        self._actions: list[str] = []
        self._notes: list[str] = []
        self._forge = None
        self._clock = SystemClock()

    def result(self) -> dict:
        """What the module returns, and the warnings as `notes`."""
        reason, kept, comment, diff = None, False, None, []
        try:
            self._connect()
            self._react()
            told = [self._tell(each) for each in self._views()]
        except PreviewError as error:
            told, reason = [], str(error)
            self._notes.append(reason)
        for each in told:
            self._notes += each.notes
            reason, kept = reason or each.reason or None, kept or each.kept
            if each.report is not None:
                self._actions += each.report.actions
                comment = comment or each.report.comment
                if each.report.before != each.report.after:
                    diff.append({"before": each.report.before, "after": each.report.after})
        return {
            "changed": bool(self._actions),
            "reported": reason is None,
            "reason": reason,
            "kept": kept,
            "comment": _handed_on(comment),
            "actions": self._actions,
            "requests": self._forge.requests if self._forge else 0,
            "notes": self._notes,
            **({"diff": diff} if self._diff else {}),
        }

    def _connect(self) -> None:
        if MISSING:
            raise ForgeError("; ".join(missing_required_lib(library) for library in MISSING))
        params = self._params
        self._number = pr_number(params["number"])
        self._forge = connect_forge(
            params["repository"],
            token=params["token"] or "",
            api_url=params["api_url"],
            clock=self._clock,
            patience_seconds=float(params["patience"]),
        )

    def _react(self) -> None:
        params = self._params
        if params["react_to"] is None:
            return
        try:
            if not self._check:
                self._forge.react(params["react_to"], params["reaction"])
            self._actions.append(f"reaction {params['reaction']}")
        except ForgeError as error:
            if error.passing:
                raise
            self._notes.append(str(error))

    def _views(self) -> list[View]:
        """One for each environment that is meant: a repository that changed its projectId closes two at once."""
        params, preview = self._params, self._params["preview"]
        if preview is None and params["state"] is None:
            return []
        project = params["project"]
        named = Identity(project=project, pr=self._number).namespace if project else ""
        places = str((preview or {}).get("namespace") or named).split(",")
        return [
            View(
                state=State(params["state"]) if params["state"] else state_of(preview),
                repository=params["repository"],
                pr=self._number,
                environment=place,
                sequence=params["sequence"],
                commit=_known(params["sha"]),
                branch=_known(params["branch"]),
                links=Links(grafana=params["grafana_url"], logs=params["logs_url"], run=params["run_url"]),
                status_context=params["status_context"],
            )
            for place in places
        ]

    def _tell(self, view: View) -> Delivered:
        params, preview = self._params, self._params["preview"]
        delivery = Delivery(
            forge=self._forge,
            clock=self._clock,
            authors=params["authors"],
            cluster=self._cluster() if params["record"] else None,
            namespace=params["platform_namespace"],
            repository_id=params["repository_id"],
        )
        return delivery.tell(
            view,
            preview=None if preview is None else {**preview, "namespace": view.environment},
            previous=_previous(params["previous"]),
            check=self._check,
        )

    def _cluster(self):
        # Where no record is read, the client need not be there, and its import costs time.
        from ..module_utils.kubeconfig import connect

        try:
            return connect(
                kubeconfig=self._params["kubeconfig"] or "",
                context=self._params["context"] or "",
                clock=self._clock,
                patience=lambda: _RECORD_SECONDS,
            )
        except ClusterError as error:
            self._notes.append(f"told without expiry, pin and usual times: {error}")
            return None


def _known(text: str) -> str:
    return "" if text == "unknown" else text


def _previous(parameters: dict | None) -> Sticky | None:
    marker = Marker.parse(parameters["marker"]) if parameters else None
    return None if marker is None else Sticky(id=parameters["id"], marker=marker, url=parameters["url"])


def _handed_on(comment: Sticky | None) -> dict | None:
    if comment is None:
        return None
    return {"id": comment.id, "url": comment.url, "marker": comment.marker.line()}


if __name__ == "__main__":
    main()
