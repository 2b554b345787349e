# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter that tries a URL as a visitor would: through the ingress, TLS verified, public host name."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit

import urllib3

from .errors import RefusedError
from .ports import Answer

_SECONDS = 10.0
# OpenSSL's words, up to where they become the source's line.
_CERTIFICATE = re.compile(r"certificate verify failed(?:: [^()]*[^()., ])?")


class HttpsProber:
    """Asks a URL, perhaps at another address than its name resolves to.

    :param connect_address: where to connect; empty for the URL's own host by DNS.
    :param ca_file: trusted certificates; empty for the system's.
    :raises RefusedError: where ``ca_file`` cannot be read.
    """

    def __init__(self, *, connect_address: str = "", ca_file: str = "") -> None:
        self._connect_address = connect_address
        try:
            self._tls = ssl.create_default_context(cafile=ca_file or None)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RefusedError(f"CA file {ca_file}: {reason}; set preview_ca_file to a PEM file") from None

    def __call__(self, url: str) -> Answer:
        """Ask once; a redirect is an answer, not something to follow."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        with urllib3.HTTPSConnectionPool(
            self._connect_address or host,
            parts.port or 443,
            ssl_context=self._tls,
            server_hostname=host,
        ) as pool:
            try:
                answer = pool.request(
                    "GET",
                    parts.path or "/",
                    headers={"Host": parts.netloc, "User-Agent": "ephemeral.k8s"},
                    redirect=False,
                    retries=False,
                    timeout=_SECONDS,
                    preload_content=False,
                )
                answer.release_conn()
            except (urllib3.exceptions.HTTPError, OSError) as error:
                return Answer(url=url, error=_reason(error))
            return Answer(url=url, status=answer.status)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if found := _CERTIFICATE.search(text):
        return found[0]
    for known in ("Connection refused", "timed out", "Name or service not known"):
        if known in text:
            return known.lower()
    return text or type(error).__name__
