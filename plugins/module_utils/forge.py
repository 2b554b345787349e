# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter to GitHub: requests that outlast a GitHub which throttles, fails or is away, through PyGithub.

Of PyGithub its requester alone is used. Its objects ask for a commit before they put a status on it, know no `log_url`,
and wait a second between writes; all requests of a report together take less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from github import Auth, Github, GithubException

from .clock import Clock
from .errors import RefusedError
from .forge_refusals import explain, unreachable
from .names import MANAGER
from .repository import GitHubRepository
from .throttle import pause

API_URL = "https://api.github.com"
_VERSION = "2022-11-28"
# The first is what GitHub recommends, the second what its description promises.
_MEDIA_TYPES = "application/vnd.github+json, application/json"
_REQUEST_SECONDS = 10
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def connect(repository: str, *, token: str, api_url: str, clock: Clock, patience_seconds: float) -> GitHubRepository:
    """A repository on GitHub, or on a GitHub Enterprise Server; nothing is asked yet.

    :param repository: ``owner/name``.
    :param token: the workflow's own, or that of an App's installation.
    :param api_url: ``https://api.github.com``, or ``https://<host>/api/v3``.
    :param patience_seconds: how long all requests together may wait for a GitHub that is away or throttles.
    :raises RefusedError: where one of them cannot be what it should.
    """
    api = GitHubApi(token=token, api_url=api_url, clock=clock, patience_seconds=patience_seconds)
    return GitHubRepository(api, repository)


class GitHubApi:
    """GitHub's REST API.

    :ivar requests: how many were sent.
    """

    def __init__(self, *, token: str, api_url: str, clock: Clock, patience_seconds: float) -> None:
        self.requests = 0
        self.host = _host(api_url)
        self._clock = clock
        self._patience = patience_seconds
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            # Whatever it is, it is not shown.
            raise RefusedError("token is empty, or no token; give the workflow's GITHUB_TOKEN, or an App's")
        self._requester = Github(
            auth=Auth.Token(token),
            base_url=api_url.rstrip("/"),
            timeout=_REQUEST_SECONDS,
            user_agent=MANAGER,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            api_version=_VERSION,
        ).requester

    def ask(
        self,
        method: str,
        path: str,
        *,
        purpose: str,
        right: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> tuple[Mapping[str, str], Any]:
        """Headers and JSON of an answer below 400; the parameters are those of `repository.Api`."""
        tries = 0
        while True:
            tries += 1
            self.requests += 1
            began = self._clock.monotonic()
            try:
                return self._requester.requestJsonAndCheck(
                    method,
                    path,
                    parameters=dict(query) if query else None,
                    headers={"Accept": _MEDIA_TYPES},
                    input=None if body is None else dict(body),
                )
            except GithubException as error:
                status, headers, message = error.status, _lower(error.headers), _message(error.data)
                failure = explain(status, message, host=self.host, purpose=purpose, right=right)
            except (OSError, RuntimeError, AssertionError) as error:
                # No answer, a redirect to another host, or one that PyGithub does not follow.
                status, headers, message = 0, {}, ""
                failure = unreachable(error, host=self.host, purpose=purpose)
            now = self._clock.now().timestamp()
            wait = pause(status, headers, message, tries=tries, now=now)
            if wait is None:
                raise failure
            failure.passing = True
            # A request that GitHub counted out had no effect; one without an answer, or a useful one, may have had it.
            failure.unsure = status not in (403, 429) and method != "GET"
            self._patience -= self._clock.monotonic() - began
            if wait > self._patience or (failure.unsure and not repeatable and method == "POST"):
                raise failure
            self._patience -= wait
            self._clock.sleep(wait)


def _host(api_url: str) -> str:
    """The server's name, for messages.

    :raises RefusedError: where a token must not be sent there.
    """
    try:
        parts = urlsplit(api_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    plain = parts.scheme == "http" and host in _LOOPBACK
    if not host or parts.username or parts.query or parts.fragment or not (parts.scheme == "https" or plain):
        raise RefusedError(
            f"api_url {api_url.partition('@')[2][:80] or api_url[:80]!r} is not the https address of GitHub's API; "
            f"give {API_URL}, or https://<host>/api/v3 of a GitHub Enterprise Server"
        )
    return host


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (headers or {}).items()}


def _message(data: Any) -> str:
    """GitHub's own words, the details of a refused field included."""
    if not isinstance(data, dict):
        return ""
    details = data.get("errors")
    found = [str(data.get("message") or "")]
    for detail in details if isinstance(details, list) else ():
        found.append(
            str(detail.get("message") or detail.get("code") or "") if isinstance(detail, dict) else str(detail)
        )
    return "; ".join(filter(None, found))
