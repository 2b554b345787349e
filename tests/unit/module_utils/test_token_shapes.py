# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets known by their looks: each shape is found inside a sentence, and takes nothing of the sentence with it."""

from __future__ import annotations

import re

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.token_shapes import (
    AWS_ID,
    AWS_SECRET,
    ISSUED,
    JWT,
    PRIVATE_KEYS,
    TOKEN,
    WEBHOOK,
)

# Put together here, so that scanners of this repository find no token in it.
HEX = "0123456789abcdef" * 3
TEXT = "16C7e42F292c6912E7710c838347Ae178B4a" * 2
TOKENS = [
    *(f"gh{kind}_" + TEXT for kind in "opsur"),
    "github_pat_" + TEXT,
    *(f"gl{kind}-" + TEXT[:20] for kind in ("pat", "ptt", "dt", "rt", "cbt", "soat", "ft", "imt", "agent")),
    "ATATT3" + TEXT,
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "IOSFODNN7EXAMPLE",
    *(f"xox{kind}-" + "123456789012-abcdefghij" for kind in "abeoprs"),
    "xoxe." + "xoxp-1-Mi0yLTEyMzQ1",
    "xapp-" + "1-A0123-456-abcdef",
    "AIza" + TEXT[:35],
    "ya29." + TEXT,
    "GOCSPX-" + TEXT[:28],
    "1//0" + TEXT[:40],
    "abc8Q~" + TEXT[:34],
    "sk_live_" + TEXT[:24],
    "rk_test_" + TEXT[:24],
    "whsec_" + TEXT[:32],
    "sk-" + "proj-" + TEXT,
    "gsk_" + TEXT[:52],
    "hf_" + TEXT[:34],
    "r8_" + TEXT[:37],
    "npm_" + TEXT[:36],
    "pypi-" + "AgEIcHlwaS5vcmc" + TEXT,
    "rubygems_" + HEX,
    "dckr_pat_" + TEXT[:27],
    "dop_v1_" + HEX,
    "dapi" + HEX[:32],
    "glsa_" + TEXT[:32] + "_a1b2c3d4",
    "glc_" + TEXT,
    "hvs." + TEXT[:24],
    TEXT[:14] + ".atlasv1." + TEXT[:67],
    "lin_api_" + TEXT[:40],
    HEX[:32] + "-us12",
    "key-" + HEX[:32],
    "NRAK-" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ1",
    "ntn_" + TEXT[:46],
    "SG." + TEXT[:22] + "." + TEXT[:43],
    "shpat_" + HEX[:32],
    "sbp_" + HEX[:40],
    "tskey-" + "auth-" + TEXT[:30],
    "bot123456789:AA" + TEXT[:33],
    "SK" + HEX[:32],
    "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2,
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_found_whole_and_alone(token: str) -> None:
    found = TOKEN.search(f"it sent '{token}', and was refused")
    assert found is not None
    assert found[0] == token


def test_every_issuer_has_a_token_here() -> None:
    unknown = [issuer for issuer, shape in ISSUED if not any(re.fullmatch(shape, token) for token in TOKENS)]
    assert not unknown


@pytest.mark.parametrize(
    "text",
    [
        "commit 0123456789abcdef0123456789abcdef01234567",
        "digest sha256:" + HEX[:32] * 2,
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "npm_config_registry ghp_short sk-learn key-value task-0123456789abcdef",
        "2026-01-01T10:00:00.123456789Z 10.0.0.1:8080",
        "postgresql-0123456789abcdef0123456789abcdef-x",
    ],
)
def test_what_only_looks_a_little_like_one_is_none(text: str) -> None:
    assert not TOKEN.search(text)


def test_other_shapes() -> None:
    assert JWT.search("jwt " + "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27u")
    assert AWS_ID.search("key " + "AKIA" + "IOSFODNN7EXAMPLE.")
    assert AWS_SECRET.search("key wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY.")
    for address in ("hooks.slack.com/services/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"):
        found = WEBHOOK.search(f"POST https://{address}T0000/B0000/XXXXXXXX failed")
        assert found is not None
        assert found["kept"] == address


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "PGP "])
def test_private_keys_of_all_kinds(kind: str) -> None:
    block = " BLOCK" if kind == "PGP " else ""
    begin, end = (f"-----{word} {kind}" + f"PRIVATE KEY{block}-----" for word in ("BEGIN", "END"))
    text = f"{begin}\n{TEXT}\n{end}"
    assert PRIVATE_KEYS[0].fullmatch(text)
    assert PRIVATE_KEYS[1].fullmatch(f"{begin}\n{TEXT}")
    assert PRIVATE_KEYS[2].fullmatch(f"{TEXT}\n{end}")
