# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities and durations as integers (millicores, bytes, seconds), and back as the shortest exact text."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final

from .errors import PreviewError

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SUFFIXES: Final = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(KIB),
    "Mi": Decimal(MIB),
    "Gi": Decimal(GIB),
    "Ti": Decimal(1024**4),
    "Pi": Decimal(1024**5),
    "Ei": Decimal(1024**6),
}
_QUANTITY = re.compile(r"(?P<number>[0-9]{1,20}(?:\.[0-9]{1,9})?)(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][0-9]{1,2})?")
_DURATION = re.compile(r"(?:[0-9]{1,9}[dhms])+")
_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def cpu_millis(text: str) -> int:
    """CPU time in millicores, rounded up.

    >>> cpu_millis("50m"), cpu_millis("0.5"), cpu_millis("2")
    (50, 500, 2000)

    :raises PreviewError: where the text is no quantity.
    """
    return _ceiling(_quantity(text, example="250m") * 1000)


def memory_bytes(text: str) -> int:
    """Memory, or any other amount of bytes, rounded up.

    >>> memory_bytes("128Mi")
    134217728

    :raises PreviewError: where the text is no quantity.
    """
    return _ceiling(_quantity(text, example="128Mi"))


def storage_bytes(text: str) -> int:
    """Size of a volume in bytes, rounded up.

    :raises PreviewError: where the text is no quantity.
    """
    return _ceiling(_quantity(text, example="1Gi"))


def duration_seconds(text: str) -> int:
    """Seconds of a duration in days, hours, minutes and seconds.

    >>> duration_seconds("3d"), duration_seconds("1h30m")
    (259200, 5400)

    :raises PreviewError: where the text is no duration.
    """
    if not _DURATION.fullmatch(text):
        raise PreviewError(f"{text[:40]!r} is not a duration; write one such as 30s, 45m, 1h30m or 3d")
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", text))


def format_cpu(millis: int) -> str:
    """Whole CPUs where exact, millicores otherwise.

    >>> format_cpu(2000), format_cpu(250)
    ('2', '250m')
    """
    return f"{millis // 1000}" if millis % 1000 == 0 else f"{millis}m"


def format_bytes(count: int) -> str:
    """The largest binary unit in which the amount is whole.

    >>> format_bytes(1536 * 1024**2), format_bytes(1000)
    ('1536Mi', '1000')
    """
    for unit, size in (("Gi", GIB), ("Mi", MIB), ("Ki", KIB)):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def format_duration(seconds: int) -> str:
    """The largest unit in which the duration is whole.

    >>> format_duration(259200), format_duration(5400)
    ('3d', '90m')
    """
    for unit, size in _UNITS.items():
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _quantity(text: str, *, example: str) -> Decimal:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise PreviewError(f"{text[:40]!r} is not a quantity; write one such as {example}")
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    return number * (_SUFFIXES[suffix] if suffix in _SUFFIXES else Decimal(f"1{suffix}"))


def _ceiling(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))
