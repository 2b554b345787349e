# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a namespace from ending, and in which order it is taken out of the way.

Kubernetes' own finalizers are left to Kubernetes: it takes them off once what they protect is safe. A foreign one (an
operator's, say) is its owner's to take off; where the owner does not within a grace period, we do, in this order:

1. off the objects in the namespace,
2. off the Namespace object's metadata,
3. last, and only once nothing is seen in the namespace any more, off the Namespace's spec (the finalize subresource):
   whatever an API that is away holds of it then stays in that API.

https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .objects import Manifest, Resource

_OWN = ("kubernetes", "orphan", "foregroundDeletion")
_OWN_DOMAINS = ("kubernetes.io", "k8s.io")


@dataclass(frozen=True, kw_only=True)
class Remnant:
    """An object that is still there.

    :param path: its REST path.
    :param version: its resource version.
    :param leaving: somebody has asked for its deletion.
    """

    path: str
    kind: str
    name: str
    finalizers: tuple[str, ...]
    version: str
    leaving: bool

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, obj: Mapping[str, Any], kind: str, collection: str) -> Remnant:
        """From an object, or its metadata alone; ``collection`` is the REST path of its kind."""
        metadata = obj["metadata"]
        return cls(
            path=f"{collection}/{metadata['name']}",
            kind=kind,
            name=metadata["name"],
            finalizers=tuple(metadata.get("finalizers") or ()),
            version=metadata["resourceVersion"],
            leaving=bool(metadata.get("deletionTimestamp")),
        )

    @property
    def foreign(self) -> tuple[str, ...]:
        """The finalizers that are not Kubernetes' own."""
        return tuple(finalizer for finalizer in self.finalizers if is_foreign(finalizer))

    @property
    def own(self) -> tuple[str, ...]:
        """The finalizers that are Kubernetes' own."""
        return tuple(finalizer for finalizer in self.finalizers if not is_foreign(finalizer))


def is_foreign(finalizer: str) -> bool:
    """Whether somebody else than Kubernetes takes this finalizer off."""
    domain = finalizer.partition("/")[0]
    return finalizer not in _OWN and not any(domain == own or domain.endswith(f".{own}") for own in _OWN_DOMAINS)


def holding(namespace: Manifest, content: Iterable[Remnant]) -> tuple[Remnant, ...]:
    """Who holds a namespace by foreign finalizers, and may be made to let go now; in the order of this file.

    :param content: what is in it.
    """
    held = tuple(each for each in content if each.leaving and each.foreign)
    itself = Remnant.parse(namespace, "Namespace", "/api/v1/namespaces")
    return held or ((itself,) if itself.foreign else ())


def may_be_finalized(namespace: Manifest, content: Iterable[Remnant]) -> bool:
    """Whether nothing is left to wait for but the Namespace's own finalizers."""
    itself = namespace["metadata"].get("finalizers")
    return not any(content) and not itself and bool(namespace.get("spec", {}).get("finalizers"))


def served(*discoveries: Mapping[str, Any]) -> Iterator[Resource]:
    """The kinds of objects that a namespace may hold and lose, each in the version that its API prefers.

    :param discoveries: aggregated discovery documents (``apidiscovery.k8s.io/v2``).
    """
    for group in (group for discovery in discoveries for group in discovery.get("items") or ()):
        name, seen = group["metadata"].get("name", ""), set()
        for version in group["versions"]:
            for resource in version.get("resources") or ():
                plural, verbs = resource["resource"], set(resource.get("verbs") or ())
                if plural in seen or resource.get("scope") != "Namespaced" or not {"list", "delete"} <= verbs:
                    continue
                seen.add(plural)
                kind = (resource.get("responseKind") or {}).get("kind", plural)
                yield Resource(f"{name}/{version['version']}" if name else version["version"], kind, plural)
