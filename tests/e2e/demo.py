# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo application as its visitors and its volumes' owner see it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import urllib3
import yaml

from .places import CA_FILE, DEMO, VOLUMES

URL = "https://demo-pr-{}.preview.localhost:8443"


def demo_config(**changes: Any) -> dict[str, Any]:
    """Its configuration with some top-level fields replaced."""
    return {**yaml.safe_load((DEMO / "k8s-ee.yaml").read_text()), **changes}


def ask(url: str, *, method: str = "GET", body: Mapping[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
    """A request as a visitor's browser makes it: TLS verified, public host name, loopback address."""
    parts = urllib3.util.parse_url(url)
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1",
        parts.port or 443,
        ca_certs=str(CA_FILE),
        server_hostname=parts.host,
        assert_hostname=parts.host,
    )
    headers = {"Host": f"{parts.host}:{parts.port}", "Content-Type": "application/json"}
    return pool.request(
        method,
        parts.request_uri,
        headers=headers,
        body=None if body is None else json.dumps(body),
        timeout=10,
        retries=False,
        redirect=False,
    )


def entries(number: int) -> Any:
    """What the board of a pull request answers with."""
    return json.loads(ask(f"{URL.format(number)}/api/entries").data)


def texts(number: int) -> list[str]:
    """The entries on the board of a pull request, the newest first."""
    listed = entries(number)
    return [entry["text"] for entry in (listed["entries"] if isinstance(listed, dict) else listed)]


def add(number: int, text: str) -> None:
    """Write an entry on the board of a pull request."""
    answer = ask(f"{URL.format(number)}/api/entries", method="POST", body={"author": "ada", "text": text})
    assert answer.status == 201, answer.data


def folders_of(numbers: Iterable[int]) -> list[Path]:
    """The folders of their volumes on this machine."""
    marks = [f"_demo-pr-{number}_" for number in numbers]
    return [path for path in VOLUMES.iterdir() if any(mark in path.name for mark in marks)]
