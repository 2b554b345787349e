# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registries that images are removed from: which versions one has, by which tags, and how one goes.

A version is what a registry removes as a whole, under all of its tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urljoin

from .credentials import Login
from .web import Answer, RegistryError, Web

_MANIFESTS: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_PAGE: Final = 100
_CONNECTIONS: Final = 8
_NEXT: Final = re.compile(r"<([^>]+)>\s*;\s*rel=\"?next\"?")


@dataclass(frozen=True, kw_only=True)
class Version:
    """One image of a repository.

    :param id: by which the registry removes it.
    """

    id: str
    tags: tuple[str, ...]


class Registry(Protocol):
    """One repository of one registry."""

    def versions(self) -> Iterator[Version]:
        """All that have a tag."""

    def remove(self, version: Version) -> None:
        """Remove one, with all of its tags; one that is gone already is no error."""


class Distribution:
    """A repository behind the distribution API, such as a registry of one's own.

    :param url: of the registry, with its scheme.
    """

    def __init__(self, web: Web, *, url: str, path: str, login: Login) -> None:
        self._web = web
        self._url = f"{url}/v2/{path}"
        self._login = login
        self._authorization = ""

    def versions(self) -> Iterator[Version]:
        """Tags of one digest are one version."""
        by_digest: dict[str, list[str]] = {}
        tags = list(self._tags())
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for tag, digest in zip(tags, pool.map(self._digest, tags), strict=True):
                if digest:
                    by_digest.setdefault(digest, []).append(tag)
        for digest, named in by_digest.items():
            yield Version(id=digest, tags=tuple(named))

    def remove(self, version: Version) -> None:
        """Remove a manifest; the registry's own clean-up frees its layers.

        :raises RegistryError: where the registry does not let it.
        """
        answer = self._ask("DELETE", f"{self._url}/manifests/{version.id}")
        if answer.status == 405:
            raise RegistryError(f"{self._url}: the registry deletes nothing; enable it there (storage.delete.enabled)")
        _check(answer, f"DELETE {self._url}/manifests/{version.id}", allowed=(404,))

    def _tags(self) -> Iterator[str]:
        url = f"{self._url}/tags/list?n={_PAGE}"
        while url:
            answer = self._ask("GET", url)
            if answer.status == 404:
                return
            _check(answer, f"GET {url}")
            yield from answer.json().get("tags") or ()
            url = _next(answer, url)

    def _digest(self, tag: str) -> str:
        answer = self._ask("HEAD", f"{self._url}/manifests/{tag}")
        if answer.status == 404:  # gone since it was listed
            return ""
        _check(answer, f"HEAD {self._url}/manifests/{tag}")
        return answer.headers.get("docker-content-digest", "")

    def _ask(self, method: str, url: str) -> Answer:
        answer = self._web.ask(method, url, headers=self._headers())
        if answer.status == 401 and (granted := self._granted(answer.headers.get("www-authenticate", ""))):
            self._authorization = granted
            answer = self._web.ask(method, url, headers=self._headers())
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Accept": _MANIFESTS, **({"Authorization": self._authorization} if self._authorization else {})}

    def _granted(self, challenge: str) -> str:
        """What answers a challenge: the login itself, or the token that it gets."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return f"Basic {self._login.basic}" if self._login.password else ""
        asked = dict(re.findall(r'([a-z]+)="([^"]*)"', rest))
        realm = asked.pop("realm", "")
        # To any other place, the login would go in clear or to a stranger.
        if scheme.lower() != "bearer" or not realm.startswith(("https://", self._url.partition("/v2/")[0])):
            return ""
        asked["scope"] = f"repository:{self._url.partition('/v2/')[2]}:pull,delete"
        headers = {"Authorization": f"Basic {self._login.basic}"} if self._login.password else {}
        answer = self._web.ask("GET", f"{realm}?{urlencode(asked)}", headers=headers)
        _check(answer, f"GET {realm}")
        told = answer.json()
        return f"Bearer {told.get('token') or told.get('access_token')}"


class GitHubPackages:
    """A container package of GitHub, whose registry itself removes nothing.

    :param url: of GitHub's API.
    """

    def __init__(self, web: Web, *, url: str, path: str, login: Login) -> None:
        owner, _, name = path.partition("/")
        self._web = web
        self._places = [f"{url}/{kind}/{owner}/packages/container/{quote(name, safe='')}" for kind in ("orgs", "users")]
        self._headers = {"Authorization": f"Bearer {login.password}", "Accept": "application/vnd.github+json"}

    def versions(self) -> Iterator[Version]:
        """All that have a tag; an owner is an organisation or, where that is not found, a person."""
        for place in list(self._places):
            url = f"{place}/versions?per_page={_PAGE}"
            while url:
                answer = self._web.ask("GET", url, headers=self._headers)
                if answer.status == 404:
                    break
                _check(answer, f"GET {url}")
                self._places = [place]
                yield from (found for each in answer.json() if (found := _github_version(each)).tags)
                url = _next(answer, url)
            else:
                return

    def remove(self, version: Version) -> None:
        """Remove one.

        :raises RegistryError: where GitHub does not let us, as with a package's last one.
        """
        url = f"{self._places[0]}/versions/{version.id}"
        _check(self._web.ask("DELETE", url, headers=self._headers), f"DELETE {url}", allowed=(404,))


def _github_version(found: Mapping[str, Any]) -> Version:
    container = (found.get("metadata") or {}).get("container") or {}
    return Version(id=str(found["id"]), tags=tuple(container.get("tags") or ()))


def _next(answer: Answer, url: str) -> str:
    """Where the next page is; empty where this was the last, or where it would lead to another host."""
    found = _NEXT.search(answer.headers.get("link", ""))
    target = urljoin(url, found[1]) if found else ""
    return target if target.split("/")[:3] == url.split("/")[:3] else ""


def _check(answer: Answer, what: str, *, allowed: tuple[int, ...] = ()) -> None:
    if answer.status >= 300 and answer.status not in allowed:
        told = answer.json()
        message = (told.get("message") or told.get("errors") or "") if isinstance(told, dict) else ""
        raise RegistryError(f"{what}: {answer.status} {str(message)[:200]}".rstrip())
