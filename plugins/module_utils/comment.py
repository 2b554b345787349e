# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one comment under a pull request: all that its people need of their environment, true at every end.

Every part is bounded, so that the whole stays below the 65,536 characters that GitHub takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .markup import address, block, code, link, moment, prose
from .pace import TOTAL
from .qr import blocks
from .record import Step
from .redaction import redact
from .view import State, View

MOST = 65_536
_MESSAGE, _LOG, _HINT = 3000, 8000, 1000
_PHASES = 20
_SHA = re.compile(r"[0-9a-f]{40}")
_PHASE = re.compile(r"[a-z-]{1,20}")

# Sign and title, and what follows from the state.
_HEADS: Mapping[State, tuple[str, str]] = {
    State.QUEUED: ("⏳ Preview waits for room", "It is deployed by itself as soon as there is room."),
    State.BUILDING: ("🔨 Preview is being built", ""),
    State.DEPLOYING: ("🚀 Preview is being deployed", ""),
    State.READY: ("✅ Preview is ready", ""),
    State.FAILED: ("❌ Preview failed", ""),
    State.REFUSED: ("⛔ Preview was refused", "Nothing was changed."),
    State.ASLEEP: ("💤 Preview is asleep", "Its data is kept. The first request wakes it."),
    State.EXPIRED: (
        "⌛ Preview expired",
        "Nobody pushed for a while, so it was removed. The next push brings it back.",
    ),
    State.DESTROYED: ("🗑️ Preview is gone", "Nothing of it is left: no namespace, no volume."),
    State.SUPERSEDED: (
        "↪️ Preview gave way",
        "A newer event of this pull request came first; what it comes to is told here.",
    ),
    State.CANCELLED: ("🛑 Preview was cancelled", "What was done so far stays; the next run goes on from there."),
}
_NOT_GONE = ("❌ Preview is not gone yet", "What is left of it is on record.")


def render(view: View) -> str:
    """The comment without its marker."""
    return "\n\n".join(part for part in (*_head(view), *_facts(view), *_folded(view)) if part)


def headline(view: View) -> str:
    """The state in one line of plain text, as a commit status has room for it."""
    match view:
        case View(state=State.READY) if view.phases:
            return f"ready in {_total(view):.1f} s"
        case View(state=State.QUEUED) if view.queue_place:
            return f"queued, place {view.queue_place}"
        case View(state=State.FAILED | State.REFUSED) if view.diagnosis.get("reason"):
            return f"{view.state} in phase {view.diagnosis.get('phase')}: {view.diagnosis['reason']}"[:140]
    return str(view.state)


def _head(view: View) -> Iterator[str]:
    title, sentence = _NOT_GONE if view.state is State.FAILED and view.is_closing else _HEADS[view.state]
    yield f"### {title}" + (f": {code(view.environment, 80)}" if view.environment else "")
    if url := address(view.url):
        yield _of_url(view, url)
    if view.state is State.QUEUED and view.queue_place:
        sentence = f"Place {view.queue_place} in the queue. {sentence}"
    if view.state is State.FAILED and _at_the_end(view):
        sentence = "The new version runs, but its URL does not answer."
    yield sentence


def _at_the_end(view: View) -> bool:
    """Whether the new version had taken the place of the one before."""
    return view.diagnosis.get("phase") == "probe"


def _of_url(view: View, url: str) -> str:
    """The URL, with a promise only where it is kept."""
    match view.state:
        case State.READY | State.ASLEEP:
            return f"**<{url}>**"
        case _ if view.state.is_pending:
            until = "has the version before until then" if view.served_before else "answers once it is ready"
            return f"<{url}> {until}."
        case State.REFUSED | State.FAILED if view.served_before and not view.is_closing:
            return "" if _at_the_end(view) else f"<{url}> still has the version before."
        case State.CANCELLED if view.served_before and not view.is_closing:
            return f"<{url}> may have the version before, or the new one."
    return ""


def _facts(view: View) -> Iterator[str]:
    facts = {
        "Commit": _commit(view),
        "Expires": "" if view.state.is_gone or not view.expires_at else f"{moment(view.expires_at)}; a push renews it",
        "Pinned": "" if view.state.is_gone or not view.pinned_until else f"until {moment(view.pinned_until)}",
        "Took": _took(view),
        "Cost so far": code(view.cost, 60) if view.cost else "",
        "More": " · ".join(filter(None, _links(view))),
    }
    yield "\n".join(f"- **{name}:** {fact}" for name, fact in facts.items() if fact)


def _commit(view: View) -> str:
    if not view.commit and not view.branch:
        return ""
    # GitHub links a whole commit, and shows it short.
    commit = view.commit if _SHA.fullmatch(view.commit) else code(view.commit or "unknown", 80)
    return commit + (f" of {code(view.branch)}" if view.branch else "")


def _took(view: View) -> str:
    if not view.phases:
        return ""
    took = f"{_total(view):.1f} s"
    if view.state is State.READY and (usual := view.median.get(TOTAL)) is not None:
        took += f"; the project's median is {usual:.1f} s"
    return took


def _links(view: View) -> Iterator[str]:
    yield link("Grafana", view.links.grafana)
    yield link("logs", view.links.logs)
    yield link("this run", view.links.run)


def _folded(view: View) -> Iterator[str]:
    if view.diagnosis:
        yield _why(view)
    if len(view.phases) > 1:
        yield _details("Phases", _phases(view))
    if view.state in (State.READY, State.ASLEEP) and (url := address(view.url)) and (picture := blocks(url)):
        yield _details("QR code", f"```text\n{picture}\n```")


def _why(view: View) -> str:
    """The answer to a red state; folded away where the state is not red."""
    told = view.diagnosis
    where = [f"phase {code(str(told.get('phase') or 'unknown'), 40)}"]
    if told.get("object"):
        where.append(code(redact(str(told["object"])), 300))
    if told.get("exit_code") is not None:
        where.append(f"exit code {code(str(told['exit_code']), 12)}")
    parts = [f"**{code(str(told.get('reason') or 'Unknown'), 80)}** in {', '.join(where)}"]
    if message := redact(str(told.get("message") or "")).strip():
        parts.append(block(message, _MESSAGE))
    if log := redact(str(told.get("log") or "")).strip():
        parts += ["Last lines of its log:", block(log, _LOG, end=True)]
    if hint := redact(str(told.get("hint") or "")).strip():
        parts.append(f"**Next:** {prose(hint, _HINT)}")
    return _details("Why is it red?", "\n\n".join(parts), is_open=view.state.is_red)


def _phases(view: View) -> str:
    rows = ["| phase | seconds | median |", "| --- | ---: | ---: |"]
    steps = [*view.phases[:_PHASES], Step(name=TOTAL, seconds=_total(view))]
    for step in steps:
        if _PHASE.fullmatch(step.name):
            usual = view.median.get(step.name)
            rows.append(f"| {step.name} | {step.seconds:.1f} | {'' if usual is None else f'{usual:.1f}'} |")
    return "\n".join(rows)


def _details(summary: str, content: str, *, is_open: bool = False) -> str:
    # The empty line ends the HTML, so that what follows is Markdown again.
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _total(view: View) -> float:
    return sum(step.seconds for step in view.phases)
