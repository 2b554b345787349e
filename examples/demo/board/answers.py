# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the board answers to a request; knows nothing of sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from .entries import Draft, InvalidError, Store, UnavailableError
from .metrics import Metrics
from .page import hue, page
from .settings import Settings

BODY_MAX = 16 * 1024
SHOWN = 100
_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer; ``route`` names it in metrics and logs."""

    status: int
    route: str
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class Board:
    """The application: routes, and what each does."""

    def __init__(self, *, settings: Settings, store: Store, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._now = now
        self._files = {
            "/board.css": ("text/css; charset=utf-8", self._styles()),
            "/board.js": ("text/javascript; charset=utf-8", (_STATIC / "board.js").read_bytes()),
        }

    def answer(self, request: Request) -> Answer:
        """The answer to a request; never raises for anything that a visitor sends."""
        path = request.path.partition("?")[0]
        method = "GET" if request.method == "HEAD" else request.method
        try:
            match (method, path):
                case ("GET", "/"):
                    return self._page()
                case ("POST", "/"):
                    return self._add_from_form(request)
                case ("GET", "/api/entries"):
                    return _json(200, "entries", self._listing())
                case ("POST", "/api/entries"):
                    return self._add_from_json(request)
                case ("GET", "/health"):
                    return self._health()
                case ("GET", "/metrics"):
                    return self._numbers()
                case ("GET", "/board.css" | "/board.js"):
                    kind, content = self._files[path]
                    return Answer(status=200, route="static", body=content, content_type=kind)
                case (_, "/" | "/api/entries"):
                    return _problem(405, "other", "use GET or POST", allow="GET, HEAD, POST")
                case (_, "/health" | "/metrics" | "/board.css" | "/board.js"):
                    return _problem(405, "other", "use GET", allow="GET, HEAD")
                case _:
                    return _problem(404, "other", "there is no such page")
        except UnavailableError:
            return _problem(503, "entries", "the database does not answer; /health says why")

    def _page(
        self, *, status: int = 200, given: Mapping[str, Any] | None = None, invalid: InvalidError | None = None
    ) -> Answer:
        try:
            keeper, entries, counts = self._store.describe(), self._store.newest(SHOWN), self._store.count()
        except UnavailableError:
            keeper, entries, counts = None, [], {}
            status = 503 if status == 200 else status
        text = page(
            settings=self._settings,
            keeper=keeper,
            entries=entries,
            counts=counts,
            now=self._now(),
            given=given or {},
            errors=invalid.errors if invalid else {},
        )
        return Answer(status=status, route="page", body=text.encode(), content_type="text/html; charset=utf-8")

    def _add_from_form(self, request: Request) -> Answer:
        if refusal := _refuse_foreign(request):
            return refusal
        fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        given = {name: values[-1] for name, values in fields.items()}
        try:
            self._store.add(Draft.read(given))
        except InvalidError as invalid:
            return self._page(status=422, given=given, invalid=invalid)
        except UnavailableError:
            return self._page(status=503, given=given)
        return Answer(status=303, route="page", headers={"Location": "/"})

    def _add_from_json(self, request: Request) -> Answer:
        if refusal := _refuse_foreign(request):
            return refusal
        if "json" not in request.headers.get("content-type", "application/json"):
            return _problem(415, "entries", "send application/json")
        try:
            given = json.loads(request.body)
        except (ValueError, RecursionError):
            return _problem(400, "entries", "the body is not valid JSON")
        if not isinstance(given, dict):
            return _problem(400, "entries", "the body must be an object with author and text")
        try:
            entry = self._store.add(Draft.read(given))
        except InvalidError as invalid:
            return _json(422, "entries", {"errors": invalid.errors})
        return _json(201, "entries", entry.as_dict())

    def _listing(self) -> dict[str, Any]:
        entries = [entry.as_dict() for entry in self._store.newest(SHOWN)]
        return {"entries": entries, "counts": self._store.count()}

    def _health(self) -> Answer:
        if self._settings.fail == "health":
            return _problem(500, "health", "failing on purpose: DEMO_FAIL is health")
        try:
            keeper = self._store.describe()
        except UnavailableError as error:
            return _problem(503, "health", f"the database does not answer: {error}")
        return _json(200, "health", {"status": "ok", "database": keeper})

    def _numbers(self) -> Answer:
        try:
            entries = self._store.count()
        except UnavailableError:
            entries = None
        text = self._metrics.text(entries=entries)
        return Answer(status=200, route="metrics", body=text.encode(), content_type="text/plain; version=0.0.4")

    def _styles(self) -> bytes:
        # Each commit has a colour of its own, so that a new push is seen at a glance.
        own = f":root {{ --hue: {hue(self._settings.commit)}; }}\n"
        return own.encode() + (_STATIC / "board.css").read_bytes()


def _refuse_foreign(request: Request) -> Answer | None:
    """A page of another site may not write in its visitor's name; browsers say where a request comes from."""
    if request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none"):
        return None
    return _problem(403, "other", "another site may not add entries")


def _json(status: int, route: str, value: Any) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode() + b"\n"
    return Answer(status=status, route=route, body=body, content_type="application/json")


def _problem(status: int, route: str, message: str, *, allow: str = "") -> Answer:
    answer = _json(status, route, {"error": message})
    return Answer(**{**vars(answer), "headers": {"Allow": allow} if allow else {}})
