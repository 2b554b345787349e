# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of Amazon's registry, by its API and a signature of version 4.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from .registries import Version
from .web import RegistryError, Web

HOST: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>amazonaws\.com(?:\.cn)?)"
)
_TYPE: Final = "application/x-amz-json-1.1"
_TARGET: Final = "AmazonEC2ContainerRegistry_V20150921"


class Ecr:
    """One repository.

    :param url: of the API; empty for the region's own.
    :param environ: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, of a role, AWS_SESSION_TOKEN.
    """

    def __init__(
        self,
        web: Web,
        *,
        host: str,
        path: str,
        environ: Mapping[str, str],
        url: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        place = HOST.fullmatch(host)
        if place is None:
            raise RegistryError(f"{host} is no registry of Amazon's")
        if not environ.get("AWS_SECRET_ACCESS_KEY"):
            raise RegistryError(f"{host}: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
        self._web = web
        self._account = place["account"]
        self._region = place["region"]
        self._name = f"api.ecr.{place['region']}.{place['domain']}"
        self._url = url or f"https://{self._name}"
        self._path = path
        self._environ = environ
        self._now = now

    def versions(self) -> Iterator[Version]:
        """Each tag by itself: here a tag can go alone."""
        asked: dict[str, Any] = {"filter": {"tagStatus": "TAGGED"}, "maxResults": 1000}
        while True:
            told = self._call("ListImages", asked)
            for each in told.get("imageIds", ()):
                yield Version(id=each["imageTag"], tags=(each["imageTag"],))
            if not (token := told.get("nextToken")):
                return
            asked["nextToken"] = token

    def remove(self, version: Version) -> None:
        """Remove a tag, and with an image's last tag the image.

        :raises RegistryError: where the registry does not let us.
        """
        told = self._call("BatchDeleteImage", {"imageIds": [{"imageTag": version.id}]})
        for failure in told.get("failures", ()):
            if failure.get("failureCode") != "ImageNotFound":
                raise RegistryError(f"{self._path}:{version.id}: {failure.get('failureReason') or failure}")

    def _call(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps({"registryId": self._account, "repositoryName": self._path, **asked}).encode()
        headers = signed(
            {"content-type": _TYPE, "host": self._name, "x-amz-target": f"{_TARGET}.{operation}"},
            body,
            region=self._region,
            environ=self._environ,
            now=self._now(),
        )
        answer = self._web.ask("POST", f"{self._url}/", headers=headers, body=body)
        told = answer.json()
        if answer.status != 200 or not isinstance(told, dict):
            kind = told.get("__type", "") if isinstance(told, dict) else ""
            raise RegistryError(f"{self._name} {operation} {self._path}: {answer.status} {kind}".rstrip())
        return told


def signed(
    headers: Mapping[str, str], body: bytes, *, region: str, environ: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """The headers of a POST to ``/`` with its signature; names in small letters."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    told = {**headers, "x-amz-date": moment}
    if token := environ.get("AWS_SESSION_TOKEN"):
        told["x-amz-security-token"] = token
    names = ";".join(sorted(told))
    lines = [f"{name}:{told[name].strip()}" for name in sorted(told)]
    request = "\n".join(["POST", "/", "", *lines, "", names, hashlib.sha256(body).hexdigest()])
    scope = f"{moment[:8]}/{region}/ecr/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**told, "authorization": authorization}
