# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a URL that does not answer although its pods are ready."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.ingress_causes import ingress
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Answer

URL = "https://shop-pr-7.preview.localhost:8443/health"


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_is_no_cause(status: int) -> None:
    assert ingress(Answer(url=URL, status=status)) is None


@pytest.mark.parametrize(
    ("status", "reason", "hint"),
    [
        (404, "IngressNotReached", "public host name"),
        (502, "IngressNotReached", "log"),
        (503, "IngressNotReached", "log"),
        (504, "IngressNotReached", "log"),
        (302, "HealthCheckRedirects", "X-Forwarded-Proto"),
        (401, "HealthCheckFailed", "login"),
        (403, "HealthCheckFailed", "login"),
        (400, "HealthCheckFailed", "host"),
        (500, "HealthCheckFailed", "log"),
    ],
)
def test_an_answer_that_is_no_2xx_is_told_with_url_and_status(status: int, reason: str, hint: str) -> None:
    found = ingress(Answer(url=URL, status=status))
    assert found is not None
    assert found.reason == reason
    assert found.message.startswith(f"GET {URL} answered {status}: ")
    assert hint in found.hint


@pytest.mark.parametrize(
    ("error", "reason", "said"),
    [
        ("connection refused", "IngressNotReached", "nothing listens"),
        ("certificate verify failed", "IngressCertificate", "not trusted"),
        ("certificate verify failed: Hostname mismatch, it is for 'x'", "IngressCertificate", "for another name"),
        ("timed out", "IngressNotReached", "in time"),
        ("name or service not known", "IngressNotReached", "does not resolve"),
        ("something new", "IngressNotReached", "no answer came (something new)"),
        (None, "IngressNotReached", "no answer came (no answer)"),
    ],
)
def test_no_answer_at_all_is_the_maintainers_business(error: str | None, reason: str, said: str) -> None:
    found = ingress(Answer(url=URL, error=error))
    assert found is not None
    assert found.reason == reason
    assert said in found.message
    assert "maintainer" in found.hint
