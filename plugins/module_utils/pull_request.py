# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling a pull request what became of its environment: one comment, one commit status, one deployment.

The comment is written last, so a comment that says the same already tells that all the rest was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from .comment import headline, render
from .errors import ForgeError
from .marker import Marker
from .ports import Forge
from .signals import Signals, signals
from .sticky import Sticky, find
from .view import State, View

T = TypeVar("T")

# A run that ends like this has lost to a newer one, which may have told something since.
_OVERTAKEN = (State.SUPERSEDED, State.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was told, or would be.

    :param comment: our comment afterwards; None where there is none.
    :param actions: what was written, a few words each.
    :param refused: what the forge does not let us do, a line each; the comment is there all the same.
    """

    comment: Sticky | None
    actions: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


def publish(
    forge: Forge, view: View, *, authors: Iterable[str], previous: Sticky | None = None, check: bool = False
) -> Report:
    """Tell it; nothing is written where all of it has been told.

    :param authors: logins under which the platform writes.
    :param previous: our comment as an earlier report of the same run left it, which spares looking for it.
    :param check: say what would be written, and write nothing.
    :raises ForgeError: where the comment could not be written, or the forge is away.
    """
    overtaken = view.state in _OVERTAKEN
    known = previous if previous and not overtaken else None
    sticky = known or find(forge, pr=view.pr, environment=view.environment, authors=authors)
    last = sticky.marker if sticky else None
    if last:
        # Who reports before the configuration was read knows no name; a close need not know the commit.
        commit = last.commit if view.state.is_gone and not view.commit else view.commit
        view = replace(view, commit=commit, environment=view.environment or last.environment)
    desk = _Desk(forge=forge, view=view, check=check)
    if last and last.sequence > view.sequence:
        # What a newer event has told stays; only what this run began is brought to its end.
        desk.settle(signals(view, previous.marker if previous else None), keep=last)
        return desk.report(sticky)
    todo = signals(view, last)
    text = _text(view, _marker(view, todo, todo.deployment))
    if sticky and not todo and sticky.says(text):
        return Report(comment=sticky, before=text, after=text)
    deployment = desk.settle(todo)
    if sticky is None and (view.state.is_gone or view.state is State.SUPERSEDED):
        desk.retire_unknown()
        return desk.report(None)
    marker = _marker(view, todo, deployment)
    written = desk.write(sticky, marker, authors)
    before = (sticky.body or "") if sticky else ""
    return replace(desk.report(written), before=before, after=_text(view, marker))


def _text(view: View, marker: Marker) -> str:
    return f"{marker.line()}\n{render(view)}"


def _marker(view: View, todo: Signals, deployment: int | None) -> Marker:
    return Marker(
        environment=view.environment,
        sequence=view.sequence,
        commit=view.commit,
        state=view.state,
        deployment=deployment,
        older=todo.older,
    )


@dataclass(kw_only=True)
class _Desk:
    """Writes for one view, and remembers what it wrote."""

    forge: Forge
    view: View
    check: bool
    actions: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def report(self, comment: Sticky | None) -> Report:
        """What was done so far."""
        return Report(comment=comment, actions=tuple(self.actions), refused=tuple(self.refused))

    def settle(self, todo: Signals, *, keep: Marker | None = None) -> int | None:
        """Everything but the comment; the number of the commit's deployment.

        :param keep: a newer report, whose commit and deployments are left alone.
        """
        view, forge = self.view, self.forge
        line = headline(view)
        theirs = {keep.deployment, *keep.older} if keep else set()
        if todo.commit and not (keep and keep.commit == view.commit):
            state, sha = todo.commit, view.commit
            url = view.url if state == "success" else view.links.run
            self._do(
                f"status {state}",
                lambda: forge.set_status(sha, state=state, context=view.status_context, description=line, url=url),
            )
        began = todo.begins and keep is None
        deployment = self._do("deployment begun", lambda: _begun(forge, view)) if began else todo.deployment
        # One that check mode would begin has no number yet.
        exists = deployment is not None or (began and self.check)
        if todo.outcome and exists and deployment not in theirs:
            self._set(deployment or 0, todo.outcome, line)
        for each in todo.retired:
            if each not in theirs:
                self._set(each, "inactive", line)
        return None if view.state.is_gone else deployment

    def retire_unknown(self) -> None:
        """Deployments that are known to nobody, since somebody deleted the comment."""
        if self.view.state.is_gone:
            for each in self.forge.deployments(task=_task(self.view)):
                self._set(each, "inactive", headline(self.view))

    def write(self, sticky: Sticky | None, marker: Marker, authors: Iterable[str]) -> Sticky | None:
        """Our comment with the text of the view, and no double of it."""
        view, forge, text = self.view, self.forge, _text(self.view, marker)
        self.actions.append("comment edited" if sticky else "comment created")
        if self.check:
            return sticky
        try:
            comment = forge.edit_comment(sticky.id, text) if sticky else None
        except ForgeError as error:
            if error.status != 404:
                raise
            comment = None  # somebody deleted it meanwhile

        def look() -> int | None:
            found = find(forge, pr=view.pr, environment=view.environment, authors=authors)
            return found.id if found else None

        if comment is None:
            comment = _once(
                lambda: forge.create_comment(view.pr, text),
                lambda: forge.edit_comment(found, text) if (found := look()) else None,
            )
        for double in sticky.doubles if sticky else ():
            self._do("double deleted", partial(forge.delete_comment, double))
        return Sticky(id=comment.id, marker=marker, url=comment.url, body=text)

    def _set(self, deployment: int, state: str, description: str) -> None:
        links, url = self.view.links, self.view.url if state == "success" else ""
        self._do(
            f"deployment {state}",
            lambda: self.forge.set_deployment(
                deployment, state=state, description=description, url=url, log_url=links.run
            ),
        )

    def _do(self, action: str, write: Callable[[], T]) -> T | None:
        """Write, but for check mode; what only this token may not do is noted, and the rest goes on."""
        try:
            done = None if self.check else write()
        except ForgeError as error:
            if error.passing:
                raise
            self.refused.append(str(error))
            return None
        self.actions.append(action)
        return done


def _task(view: View) -> str:
    """What tells the deployments of one pull request from all others under the forge's environment `preview`."""
    return f"deploy:pr-{view.pr}"


def _begun(forge: Forge, view: View) -> int:
    def look() -> int | None:
        return next(iter(forge.deployments(task=_task(view), sha=view.commit)), None)

    description = view.environment or f"pull request {view.pr}"
    return _once(lambda: forge.create_deployment(view.commit, task=_task(view), description=description), look)


def _once(make: Callable[[], T], look: Callable[[], T | None]) -> T:
    """Make something that must not be there twice; where no answer tells, look for it before trying again."""
    try:
        return make()
    except ForgeError as error:
        if not error.unsure:
            raise
    found = look()
    return make() if found is None else found
