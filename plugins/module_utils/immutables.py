# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a living environment no new configuration can change: the volumes of its databases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import RefusedError
from .objects import Manifest, Ref, ref
from .quantities import format_bytes, storage_bytes


def refuse_other_volumes(wanted: Iterable[Manifest], existing: Mapping[Ref, Manifest]) -> None:
    """Refuse another size or class than a living StatefulSet's, which the API server would not take either.

    Only what a configuration or an inventory decides is compared, not what the API server adds by itself.

    :param wanted: objects of the databases, each of the kind's name.
    :raises RefusedError: naming the field, the value that it keeps, and what to do.
    """
    for manifest in wanted:
        if manifest["kind"] != "StatefulSet" or (there := existing.get(ref(manifest))) is None:
            continue
        kept = _claims(there)
        for name, claim in _claims(manifest).items():
            if name in kept:
                _refuse_other(claim, kept[name], kind=manifest["metadata"]["name"])


def _refuse_other(claim: Mapping[str, Any], kept: Mapping[str, Any], *, kind: str) -> None:
    size, storage_class = _size(kept), _storage_class(kept)
    if _size(claim) != size:
        raise RefusedError(_told(f"databases.{kind}.storage", format_bytes(size), write=format_bytes(size)))
    if _storage_class(claim) != storage_class:
        shown = storage_class or "the cluster's default"
        raise RefusedError(
            _told(f"storage_class of databases.{kind}", shown, write=storage_class or "no storage_class")
        )


def _told(field: str, value: str, *, write: str) -> str:
    return (
        f"{field} is {value} and cannot change while the environment lives; "
        f"write {write}, or close and reopen the pull request"
    )


def _claims(workload: Manifest) -> dict[str, Mapping[str, Any]]:
    return {claim["metadata"]["name"]: claim["spec"] for claim in workload["spec"].get("volumeClaimTemplates", ())}


def _size(claim: Mapping[str, Any]) -> int:
    return storage_bytes(str(claim["resources"]["requests"]["storage"]))


def _storage_class(claim: Mapping[str, Any]) -> str:
    return claim.get("storageClassName") or ""
