# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events and modes: the table, written here by hand, and what stands in the way of a deploy, in every combination."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.allow_list import AllowList
from ansible_collections.ephemeral.k8s.plugins.module_utils.approval import Approval
from ansible_collections.ephemeral.k8s.plugins.module_utils.command import VERBS
from ansible_collections.ephemeral.k8s.plugins.module_utils.decision import Action, Fact
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import Event
from ansible_collections.ephemeral.k8s.plugins.module_utils.path_filter import PathFilter
from ansible_collections.ephemeral.k8s.plugins.module_utils.policy import MODES, Policy
from ansible_collections.ephemeral.k8s.plugins.module_utils.pulls import Account
from ansible_collections.ephemeral.k8s.plugins.module_utils.trigger import decide
from tests.unit.payloads import A_FORK, OTHER_SHA, OURS, SHA, comment, dispatch, pull_event

EVERYTHING = Policy(
    allow=AllowList.parse({"owners": ["acme"]}), drafts=False, served=frozenset(VERBS), profiles=("team", "fork")
)
SOURCES = PathFilter(patterns=("src/**",))
TODAY = Policy(allow=EVERYTHING.allow)

# What happened: what it comes to in the modes automatic; label, without and with the label; on-demand.
TABLE = {
    ("opened", ""): ("deploy", "ignore", "deploy", "ignore"),
    ("reopened", ""): ("deploy", "ignore", "deploy", "ignore"),
    ("synchronize", ""): ("deploy", "ignore", "deploy", "ignore"),
    ("ready_for_review", ""): ("deploy", "ignore", "ignore", "ignore"),
    ("converted_to_draft", ""): ("ignore", "ignore", "ignore", "ignore"),
    ("labeled", "preview"): ("ignore", "deploy", "deploy", "ignore"),
    ("labeled", "Preview"): ("ignore", "deploy", "deploy", "ignore"),
    ("labeled", "preserve=true"): ("pin", "pin", "pin", "pin"),
    ("labeled", "preserve"): ("ignore", "ignore", "ignore", "ignore"),
    ("unlabeled", "preview"): ("ignore", "destroy", "destroy", "ignore"),
    ("unlabeled", "preserve=true"): ("unpin", "unpin", "unpin", "unpin"),
    ("unlabeled", "bug"): ("ignore", "ignore", "ignore", "ignore"),
    ("closed", ""): ("destroy", "destroy", "destroy", "destroy"),
    **{
        (action, ""): ("ignore", "ignore", "ignore", "ignore")
        for action in (
            *("assigned", "auto_merge_disabled", "auto_merge_enabled", "demilestoned", "dequeued", "edited"),
            *("enqueued", "locked", "milestoned", "review_request_removed", "review_requested", "unassigned"),
            *("unlocked", "something_new", "", "close", "`id`"),
        )
    },
}
COLUMNS = (("automatic", ()), ("label", ()), ("label", ("bug", "PREVIEW")), ("on-demand", ()))


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Whose pull request it is, and what the policy says about such."""

    kind: str
    is_draft: bool
    drafts: bool
    is_bot: bool
    bots: bool
    origin: int | None
    approved: str
    is_allowed: bool
    changed: str

    def of(self, event: Event) -> Event:
        """The event in this situation."""
        assert event.pull_request is not None
        pull = replace(
            event.pull_request,
            is_draft=self.is_draft,
            author=Account(login="someone", is_bot=self.is_bot),
            head_repository_id=self.origin,
        )
        approvals = (Approval(sha=self.approved, by="octocat", comment=1),) if self.approved else ()
        return replace(event, kind=self.kind, pull_request=pull, approvals=approvals, paths=(self.changed,))

    def policy(self, mode: str) -> Policy:
        return replace(
            EVERYTHING,
            allow=EVERYTHING.allow if self.is_allowed else AllowList(),
            mode=mode,
            drafts=self.drafts,
            bots=self.bots,
            paths=SOURCES,
        )

    def hinders(self, mode: str) -> str:
        """What a deploy comes to instead; empty where it is one."""
        filters = (
            (self.is_draft and not self.drafts)
            or (self.is_bot and not self.bots)
            or (self.changed == "docs/a.md" and self.is_allowed and (self.origin == OURS or self.approved == SHA))
        )
        match self:
            case Situation(kind="pull_request_target"):
                return "ignore"
            case _ if mode == "automatic" and filters:
                return "ignore"
            case Situation(is_allowed=False):
                return "refuse"
            case _ if self.origin != OURS and self.approved != SHA:
                return "ignore"
        return ""


def situations() -> Iterator[Situation]:
    yes_no = (True, False)
    every = itertools.product(
        ("pull_request", "pull_request_target"),
        *(yes_no, yes_no, yes_no, yes_no),
        *((OURS, A_FORK, None), ("", OTHER_SHA, SHA), yes_no, ("src/a.py", "docs/a.md")),
    )
    names = ("kind", "is_draft", "drafts", "is_bot", "bots", "origin", "approved", "is_allowed", "changed")
    for values in every:
        yield Situation(**dict(zip(names, values, strict=True)))


SITUATIONS = tuple(situations())


@pytest.mark.parametrize(("happened", "row"), TABLE.items(), ids=lambda value: "-".join(value) or "-")
def test_every_event_in_every_mode_comes_to_what_the_table_says_whosever_pull_request_it_is(happened, row):
    action, label = happened
    for (mode, labels), listed in zip(COLUMNS, row, strict=True):
        event = pull_event(action, label=label, labels=labels)
        for situation in SITUATIONS:
            expected = listed
            if listed == "deploy":
                if action == "ready_for_review" and situation.drafts:
                    expected = "ignore"
                expected = (expected == "deploy" and situation.hinders(mode)) or expected
            elif listed == "pin" and not situation.is_allowed:
                expected = "refuse"
            decision = decide(situation.of(event), situation.policy(mode))
            assert decision.action == expected, (mode, situation, decision)
            assert decision.reason.isprintable()
            assert (decision.profile == "fork") is (expected == "deploy" and situation.origin != OURS)
            assert decision.answer == (f"{decision.reason}." if expected == "refuse" else "")


@pytest.mark.parametrize("action", sorted({action for action, _ in TABLE} - {"closed", "unlabeled"}))
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_done_to_a_closed_pull_request_any_more(action, mode):
    for label in ("preview", "preserve=true"):
        event = pull_event(action, label=label, labels=("preview",), state="closed")
        assert decide(event, replace(EVERYTHING, mode=mode)).action is Action.IGNORE


def test_a_pin_that_outlasted_the_close_can_be_ended():
    event = pull_event("unlabeled", label="preserve=true", state="closed")
    assert decide(event, EVERYTHING).action is Action.UNPIN


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize("changed", [{}, {"merged": True}, {"draft": True}, {"origin": A_FORK}, {"origin": None}])
def test_a_close_destroys_without_looking_anything_up(mode, kind, changed):
    for policy in (EVERYTHING, TODAY, Policy(allow=AllowList())):
        event = pull_event("closed", kind=kind, state="closed", **changed)
        decision = decide(event, replace(policy, mode=mode))
        assert decision.action is Action.DESTROY
        assert decision.reason == ("it was merged" if "merged" in changed else "it was closed")


def test_today_a_pin_s_label_is_left_alone_and_the_log_says_why():
    for action in ("labeled", "unlabeled"):
        decision = decide(pull_event(action, label="preserve=true"), TODAY)
        assert (decision.action, decision.reason) == (Action.IGNORE, "not yet supported: label preserve=true")


def test_today_nothing_of_a_fork_is_deployed_even_where_its_commit_was_allowed():
    event = replace(pull_event(origin=A_FORK), approvals=(Approval(sha=SHA, by="octocat", comment=1),))
    decision = decide(event, TODAY)
    assert (decision.action, decision.reason) == (
        Action.IGNORE,
        "not yet supported: pull requests from forks (profile fork)",
    )


class TestWhatIsLookedUp:
    """Only what the decision depends on: a request to GitHub costs time and quota."""

    def needed(self, event, policy=EVERYTHING):
        return decide(event, policy).needs

    def test_a_push_of_the_team_needs_nothing(self):
        assert self.needed(pull_event("synchronize")) is None

    def test_a_fork_s_needs_its_approvals_and_whatever_is_ignored_anyway_does_not(self):
        assert self.needed(pull_event(origin=A_FORK)) is Fact.APPROVALS
        assert self.needed(pull_event("edited", origin=A_FORK)) is None
        assert self.needed(pull_event(origin=A_FORK, draft=True)) is None

    def test_paths_are_needed_where_a_filter_is_set_and_a_push_deploys_by_itself(self):
        policy = replace(EVERYTHING, paths=SOURCES)
        assert self.needed(pull_event(), policy) is Fact.PATHS
        assert self.needed(pull_event(), EVERYTHING) is None
        assert self.needed(pull_event(labels=("preview",)), replace(policy, mode="label")) is None
        assert self.needed(pull_event("closed"), policy) is None

    def test_comments_and_workflows_by_hand_are_judged_as_orders(self):
        assert self.needed(Event.parse("issue_comment", comment("thanks"))) is None
        assert self.needed(Event.parse("issue_comment", comment("/preview deploy"))) is Fact.PERMISSION
        assert self.needed(Event.parse("workflow_dispatch", dispatch())) is Fact.PULL_REQUEST

    def test_an_event_that_lost_its_pull_request_asks_for_it(self):
        assert self.needed(replace(pull_event(), pull_request=None)) is Fact.PULL_REQUEST


def test_what_strangers_write_does_not_reach_the_log_as_it_is():
    event = pull_event("labeled", label="\n::set-env name=PATH::x", branch="\n::error::", labels=("\n::x",))
    policy = replace(EVERYTHING, mode="label", label="\n::x")
    for each in (event, replace(event, action="\n::stop"), replace(event, action="opened")):
        assert decide(each, policy).reason.isprintable()
