# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: what GitHub sends becomes a few values, and its own times their order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.event import KINDS, Event
from ansible_collections.ephemeral.k8s.plugins.module_utils.pulls import Account
from tests.unit.payloads import (
    A_FORK,
    NOON_SECONDS,
    OTHER_SHA,
    OURS,
    SHA,
    comment,
    dispatch,
    pull,
    pull_event,
    pull_request,
    user,
)


def test_a_pull_request_s_event():
    event = Event.load("pull_request", json.dumps(pull_request("labeled", label="preview", draft=True)).encode())
    assert (event.kind, event.action, event.number, event.label) == ("pull_request", "labeled", 7, "preview")
    assert (event.repository.name, event.repository.id, event.sender.login) == ("Acme/Shop", OURS, "octocat")
    assert event.pull_request is not None
    assert (event.pull_request.sha, event.pull_request.is_draft) == (SHA, True)


def test_a_comment_s_event_does_not_know_the_commit():
    event = Event.parse("issue_comment", comment("/preview status", author=user("mallory", "Bot")))
    assert event.comment is not None
    assert (event.number, event.comment.id, event.comment.body) == (7, 1234, "/preview status")
    assert event.comment.author == Account(login="mallory", is_bot=True)
    assert (event.pull_request, event.permission, event.paths, event.approvals) == (None, None, None, None)
    assert not event.on_issue


def test_a_comment_under_an_issue_says_so():
    payload = comment()
    del payload["issue"]["pull_request"]
    assert Event.parse("issue_comment", payload).on_issue


@pytest.mark.parametrize(
    ("inputs", "order"), [({}, "deploy"), ({"command": ""}, "deploy"), ({"command": "destroy"}, "destroy")]
)
def test_a_workflow_started_by_hand_deploys_unless_told_otherwise(inputs, order):
    event = Event.parse("workflow_dispatch", dispatch(**inputs))
    assert (event.number, event.order, event.action, event.pull_request) == (7, order, "", None)


@pytest.mark.parametrize("number", ["x", "0", "7\n", "1" * 10, True, [7], {"n": "x" * 99}])
def test_a_workflow_started_for_no_pull_request_is_refused(number):
    with pytest.raises(RefusedError, match="is not a pull request's number"):
        Event.parse("workflow_dispatch", dispatch(pr=number))


@pytest.mark.parametrize("inputs", [None, {}, {"pr": ""}, {"number": "7"}])
def test_a_workflow_started_without_the_number_is_told_which_input_is_missing(inputs):
    with pytest.raises(RefusedError, match="without its input pr; give the pull request's number"):
        Event.parse("workflow_dispatch", {**dispatch(), "inputs": inputs})


@pytest.mark.parametrize("kind", ["push", "label", "schedule", "", "pull_request\n"])
def test_an_event_that_nobody_follows_is_refused_with_those_that_are(kind):
    with pytest.raises(RefusedError) as refused:
        Event.parse(kind, pull_request())
    assert str(refused.value).endswith(f"is none that previews follow: {', '.join(KINDS)}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["repository", "pull_request", "action"])
def test_a_payload_that_lacks_something_is_refused_by_its_name(key):
    payload = pull_request()
    del payload[key]
    with pytest.raises(RefusedError, match=f"^{key} is empty, not"):
        Event.parse("pull_request", payload)


class TestOrder:
    """Events of one pull request follow each other by GitHub's clock."""

    def test_a_push_is_as_new_as_github_says(self):
        assert pull_event("synchronize").sequence == NOON_SECONDS

    def test_a_close_is_newer_than_the_push_before_it_within_the_same_second(self):
        assert pull_event("closed").sequence > pull_event("synchronize").sequence

    def test_a_reopening_is_newer_than_the_close_before_it_within_the_same_second(self):
        assert pull_event("reopened").sequence > pull_event("closed").sequence

    def test_a_push_some_seconds_after_a_reopening_is_newer_than_that(self):
        later = pull_event("synchronize", updated_at="2026-01-31T12:00:03Z")
        assert later.sequence > pull_event("reopened").sequence

    def test_a_comment_is_as_old_as_it_is_also_when_the_pull_request_has_moved_on(self):
        event = Event.parse("issue_comment", comment())
        assert event.sequence == NOON_SECONDS
        assert event.about(pull(updated_at="2026-02-01T00:00:00Z")).sequence == NOON_SECONDS

    @pytest.mark.parametrize("action", ["synchronize", "closed", "reopened"])
    def test_a_workflow_started_by_hand_is_as_new_as_the_newest_that_is_known(self, action):
        event = Event.parse("workflow_dispatch", dispatch())
        assert event.sequence == 0
        assert event.about(pull()).sequence >= pull_event(action).sequence


def test_a_comment_learns_its_pull_request():
    event = Event.parse("issue_comment", comment()).about(pull(sha=OTHER_SHA, origin=A_FORK))
    assert event.pull_request is not None
    assert (event.pull_request.sha, event.pull_request.is_fork) == (OTHER_SHA, True)


@pytest.mark.parametrize("changed", [{"number": 8}, {"base": {"repo": {"id": A_FORK}}}])
def test_another_pull_request_than_the_event_s_is_refused(changed):
    with pytest.raises(RefusedError, match=r"about pull request 7 of repository 42, and GitHub answered with"):
        Event.parse("issue_comment", comment()).about(pull(**changed))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([SHA, "open", "/preview"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PAYLOADS = {
    "pull_request": pull_request("labeled", label="x"),
    "issue_comment": comment(),
    "workflow_dispatch": dispatch(),
}


@st.composite
def damaged(draw):
    """A payload in which one value was replaced or taken away."""
    kind = draw(st.sampled_from(sorted(PAYLOADS)))
    payload = json.loads(json.dumps(PAYLOADS[kind]))
    held = payload
    while True:
        key = draw(st.sampled_from(sorted(held)))
        if not (isinstance(held[key], dict) and held[key] and draw(st.booleans())):
            break
        held = held[key]
    if draw(st.booleans()):
        held[key] = draw(JSON)
    else:
        del held[key]
    return kind, payload


@given(damaged())
def test_a_damaged_payload_is_an_event_all_the_same_or_refused_in_one_line(case):
    kind, payload = case
    try:
        event = Event.load(kind, json.dumps(payload).encode())
    except RefusedError as error:
        text = str(error)
        assert text.isprintable()
        assert len(text) < 300
    else:
        assert event.number >= 1
        assert event.sequence >= 0


@given(st.text(), st.text(), st.text())
def test_whatever_strangers_write_stays_that_text(branch, label, body):
    event = pull_event("labeled", branch=branch, labels=(label,))
    assert event.pull_request is not None
    assert (event.pull_request.branch, event.pull_request.labels) == (branch, (label,))
    commented = Event.parse("issue_comment", comment(body)).comment
    assert commented is not None
    assert commented.body == body
