# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook's extra variables, from the inputs of a step.

Every text is written as unsafe: Ansible would run a template that a stranger put into a branch, an image or a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

_NAME = re.compile(r"pr(?:_[a-z]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 65_536


class InputError(Exception):
    """An input cannot be used; the message names it and says what it may be."""


def parsed(inputs: Mapping[str, str], further: str) -> dict[str, str]:
    """The inputs that are set, and what ``further`` adds.

    :param inputs: variable to value; an empty value counts as not given.
    :param further: a JSON object of more variables, or empty.
    :raises InputError: for a variable that is not the event's own to set, and for a value that is no text of one line.
    """
    try:
        more = json.loads(further) if further.strip() else {}
    except ValueError as error:
        raise InputError(f"variables is no JSON object: {error}") from error
    if not isinstance(more, dict):
        raise InputError('variables is no JSON object; write one such as {"pr_author": "ada"}')
    found = {name: value for name, value in inputs.items() if value}
    for name, value in more.items():
        if not _NAME.fullmatch(name):
            raise InputError(f"variables names {name[:40]!r}; only what describes the event may be set: pr, pr_...")
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise InputError(f"{name} is neither text nor a number")
        if value != "":
            found[name] = str(value)
    for name, value in found.items():
        if len(value) > _LONGEST or _CONTROL.search(value):
            raise InputError(f"{name} has a line end, a control character or more than {_LONGEST} characters")
    return found


def inside(folder: Path, name: str, *, what: str) -> Path:
    """The absolute path of a name in a folder, links resolved.

    :raises InputError: where it is absolute or leads out of the folder.
    """
    place = folder.resolve()
    path = (place / name).resolve()
    if Path(name).is_absolute() or not path.is_relative_to(place):
        raise InputError(f"{what} is {name!r}, which leads out of {folder.name}/; write a path inside it")
    return path


def as_json(variables: Mapping[str, str]) -> str:
    """The variables as a file for ``--extra-vars @file``, each value a text that is never a template.

    In JSON, since of `!unsafe "yes"` in YAML Ansible makes a truth value, and of a commit such as 1234567e10 a number.
    """
    whole = {name: value.encode("utf-8", "replace").decode() for name, value in variables.items()}
    return json.dumps({name: {"__ansible_unsafe": value} for name, value in whole.items()})
