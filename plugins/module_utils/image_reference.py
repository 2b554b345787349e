# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of an image, as registries and kubelets read it (https://github.com/distribution/reference)."""

from __future__ import annotations

import re
from typing import Final

from .errors import RefusedError
from .reading import shorten

_LONGEST_NAME: Final = 255
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"(?P<name>(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*)"
    r"(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?"
    r"(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,128})?"
)


def refuse_malformed(image: str) -> None:
    """Refuse what names no image, before it stands anywhere.

    :raises RefusedError: naming the beginning of the value and the option that it came by.
    """
    found = _REFERENCE.fullmatch(image)
    if found is None or len(found["name"]) > _LONGEST_NAME:
        raise RefusedError(
            f"pr_image is {shorten(repr(image))}, which names no image; write one such as ghcr.io/acme/shop:pr-7"
        )
