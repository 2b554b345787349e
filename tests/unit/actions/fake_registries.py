# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries on loopback: the distribution API with tokens, GitHub's packages, Amazon's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, str], Any]


@dataclass
class Shelf:
    """What a registry holds: tag to digest, and how it behaves."""

    tags: dict[str, str] = field(default_factory=dict)
    page: int = 2
    protected: bool = False
    deletes: bool = True
    owner: str = "orgs"
    failures: list[int] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def remove(self, digest: str) -> None:
        self.tags = {tag: each for tag, each in self.tags.items() if each != digest}

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.failures:
            return self.failures.pop(0), {"Retry-After": "0"}, {"message": "again, please"}
        if "x-amz-target" in headers:
            return self._amazon(headers["x-amz-target"].rpartition(".")[2], json.loads(body))
        if parts.path == "/token":
            return 200, {}, {"token": f"for-{query['scope']}"}
        if parts.path.startswith("/v2/"):
            return self._distribution(method, parts.path, query, headers)
        return self._github(method, parts.path, query)

    def _distribution(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> Reply:
        expected = "Bearer for-repository:acme/shop:pull,delete"
        if self.protected and headers.get("authorization") != expected:
            return 401, {"WWW-Authenticate": f'Bearer realm="{self.url}/token",service="here"'}, {}
        if path == "/v2/acme/shop/tags/list":
            listed = sorted(tag for tag in self.tags if tag > query.get("last", ""))
            page = listed[: self.page]
            more = {"Link": f'</v2/acme/shop/tags/list?last={page[-1]}>; rel="next"'} if len(listed) > len(page) else {}
            return 200, more, {"tags": page or None}
        found = re.fullmatch(r"/v2/acme/shop/manifests/(.+)", path)
        if found is None:
            return 404, {}, {}
        digest = self.tags.get(found[1], found[1] if found[1] in self.tags.values() else "")
        if method == "DELETE" and not self.deletes:
            return 405, {}, {}
        if method == "DELETE" and digest:
            self.remove(digest)
            return 202, {}, {}
        return (200, {"Docker-Content-Digest": digest}, {}) if digest else (404, {}, {})

    def _github(self, method: str, path: str, query: dict[str, str]) -> Reply:
        found = re.fullmatch(rf"/{self.owner}/acme/packages/container/team%2Fshop/versions(?:/(.+))?", path)
        if found is None:
            return 404, {}, {"message": "Not Found"}
        digests = sorted(set(self.tags.values()))
        if method == "DELETE":
            if len(digests) == 1:
                return 400, {}, {"message": "You cannot delete the last tagged version of a package."}
            self.remove(found[1])
            return 204, {}, None
        number = int(query.get("page", "1"))
        shown = digests[(number - 1) * self.page : number * self.page]
        versions = [
            {"id": each, "metadata": {"container": {"tags": [t for t, d in self.tags.items() if d == each]}}}
            for each in shown
        ]
        more = f'<{self.url}{path}?per_page=100&page={number + 1}>; rel="next"'
        return 200, {"Link": more} if number * self.page < len(digests) else {}, [*versions, {"id": 1, "metadata": {}}]

    def _amazon(self, operation: str, asked: dict[str, Any]) -> Reply:
        if (asked["registryId"], asked["repositoryName"]) != ("123456789012", "acme/shop"):
            return 400, {}, {"__type": "RepositoryNotFoundException"}
        if operation == "ListImages":
            listed = sorted(tag for tag in self.tags if tag > asked.get("nextToken", ""))
            page = listed[: self.page]
            told: dict[str, Any] = {"imageIds": [{"imageTag": tag, "imageDigest": self.tags[tag]} for tag in page]}
            return 200, {}, {**told, "nextToken": page[-1]} if len(listed) > len(page) else told
        failures = []
        for each in asked["imageIds"]:
            if self.tags.pop(each["imageTag"], None) is None:
                failures.append({"imageId": each, "failureCode": "ImageNotFound"})
        return 200, {}, {"failures": failures}


@contextmanager
def shelved(shelf: Shelf) -> Iterator[Shelf]:
    """The shelf behind HTTP on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length") or 0))
            shelf.asked.append((self.command, self.path, headers))
            status, more, told = shelf.answer(self.command, self.path, headers, body)
            raw = b"" if told is None or self.command == "HEAD" else json.dumps(told).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_HEAD = do_POST = do_DELETE = _any  # noqa: N815 - http.server calls them by these names

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shelf.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield shelf
        finally:
            server.shutdown()
            thread.join()
