# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that people write in comments: `/preview` and one word, and nothing else on the comment's first line.

Only a line that begins with `/preview` is one, so a quotation (`> /preview`), a block of code and a sentence about a
command never are. Case does not matter, telephones begin words with capitals. Lines after the first are the author's
own and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .permission import Permission
from .shapes import nearest
from .support import FORK, SERVED_PROFILES

PREFIX: Final = "/preview"

_LONGEST_LINE: Final = 200
_LINE_END = re.compile(r"\r\n|\r|\n")
# Letters that anybody may be shown again: nothing of Markdown, HTML or a mention can be made of them.
_HARMLESS = re.compile(r"[a-z][a-z-]{0,19}")
_SHA = re.compile(r"[0-9a-f]{7,40}")
_WORDS_OF_OTHERS: Final = {
    "approve": "allow",
    "close": "destroy",
    "delete": "destroy",
    "extend": "renew",
    "keep": "pin",
    "log": "logs",
    "rebuild": "deploy",
    "redeploy": "deploy",
    "remove": "destroy",
    "restart": "reset",
    "restore": "undo",
    "start": "deploy",
    "stop": "sleep",
    "up": "deploy",
}


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One command of the table.

    :param argument: what follows the word, for people; empty where nothing may.
    :param permission: the least that its author must have. It is `write` for all that changes something, and for logs,
        which may show what the application keeps. Not `read` for the others: on a public repository everybody has
        that, and a stranger must not make us work or speak. What may be read by everybody, the one comment shows.
    :param served: whether this version does it.
    """

    about: str
    argument: str = ""
    permission: Permission = Permission.WRITE
    served: bool = False


VERBS: Final[Mapping[str, Verb]] = {
    "deploy": Verb(about="build and deploy the newest commit", served=True),
    "destroy": Verb(about="remove the environment and its data", served=True),
    "reset": Verb(about="begin anew, with empty databases"),
    "sleep": Verb(about="stop it and keep its data"),
    "wake": Verb(about="start it again"),
    "pin": Verb(about="keep it for 48 hours, whatever happens"),
    "unpin": Verb(about="end that"),
    "renew": Verb(about="let its time begin anew"),
    "undo": Verb(about="bring back what was removed within 24 hours"),
    "revive": Verb(about="bring back a merged pull request's"),
    "status": Verb(about="say how it is", permission=Permission.TRIAGE, served=True),
    "logs": Verb(about="show the application's last lines"),
    "allow": Verb(
        about="let this one commit of a fork be built and deployed", argument="<sha>", served=FORK in SERVED_PROFILES
    ),
    "help": Verb(about="show this list", permission=Permission.TRIAGE, served=True),
}
"""Every command; one becomes served with the change that does it."""

SERVED: Final = frozenset(name for name, verb in VERBS.items() if verb.served)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command.

    :param name: of ``VERBS``; ``help`` where it was not understood.
    :param sha: what `allow` names, 7 to 40 hexadecimal digits; empty otherwise.
    :param fault: what was not understood, in one sentence of our own words; empty where all was.
    """

    name: str
    sha: str = ""
    fault: str = ""

    @property
    def verb(self) -> Verb:
        """What the table says of it."""
        return VERBS[self.name]


def parse(body: str) -> Command | None:
    """The command in a comment; None where it is no command of ours, which nobody answers."""
    line = _LINE_END.split(body, maxsplit=1)[0]
    first, *rest = [word for word in re.split(r"[ \t]+", line[: _LONGEST_LINE + 1]) if word] or [""]
    if not line.startswith("/") or _plain(first) != PREFIX:
        return None
    if len(line) > _LONGEST_LINE:
        return _misunderstood(f"the line is longer than {_LONGEST_LINE} characters")
    return _of_words([_plain(word) for word in rest])


def help_text() -> str:
    """The table in Markdown: what each command does, and which of them this version does not."""
    lines = [
        f"- `{' '.join(filter(None, (PREFIX, name, verb.argument)))}`: {verb.about}"
        + ("" if verb.served else " (not yet supported)")
        for name, verb in VERBS.items()
    ]
    return "\n".join(lines)


def _of_words(words: list[str]) -> Command:
    match words:
        case []:
            return Command(name="help")
        case ["allow", sha] if _SHA.fullmatch(sha):
            return Command(name="allow", sha=sha)
        case ["allow", *_]:
            return _misunderstood(f"`{PREFIX} allow` takes one commit, 40 hexadecimal digits")
        case [name] if name in VERBS:
            return Command(name=name)
    name = words[0]
    return _misunderstood(f"nothing may follow `{PREFIX} {name}` on its line" if name in VERBS else _unknown(name))


def _plain(word: str) -> str:
    # Outside of ASCII, letters exist whose small letter is one of ours: U+212A, the Kelvin sign, is a k.
    return word.lower() if word.isascii() else word


def _unknown(name: str) -> str:
    near = nearest(name, tuple(VERBS), _WORDS_OF_OTHERS)
    said = f"`{PREFIX} {name}` is no command" if _HARMLESS.fullmatch(name) else "that is no command"
    return f"{said}; did you mean `{PREFIX} {near}`?" if near else said


def _misunderstood(fault: str) -> Command:
    return Command(name="help", fault=fault)
