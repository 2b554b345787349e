# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that can be told by their looks alone: tokens with a prefix of their issuer, keys, addresses that are keys.

Every expression takes linear time: a literal start or a boundary before it, bounded or possessive repeats after it.
"""

from __future__ import annotations

import re
from typing import Final

ISSUED: Final[tuple[tuple[str, str], ...]] = (
    ("GitHub", r"gh[opsur]_[A-Za-z0-9_.-]{16,}+"),
    ("GitHub", r"github_pat_[A-Za-z0-9_]{16,}+"),
    ("GitLab", r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent)-[A-Za-z0-9_.-]{16,}+"),
    ("Atlassian", r"ATATT3[A-Za-z0-9_=-]{16,}+"),
    ("AWS", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    ("Slack", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{8,}+"),
    ("Slack", r"xapp-[A-Za-z0-9-]{8,}+"),
    ("Google", r"AIza[A-Za-z0-9_-]{30,}+"),
    ("Google", r"ya29\.[A-Za-z0-9_-]{16,}+"),
    ("Google", r"GOCSPX-[A-Za-z0-9_-]{16,}+"),
    ("Google", r"1//0[A-Za-z0-9_-]{30,}+"),
    ("Microsoft", r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,}+"),
    ("Stripe", r"(?:[sr]k|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}+"),
    ("OpenAI, Anthropic", r"sk-[A-Za-z0-9_-]{20,}+"),
    ("Groq", r"gsk_[A-Za-z0-9]{20,}+"),
    ("Hugging Face", r"hf_[A-Za-z0-9]{30,}+"),
    ("Replicate", r"r8_[A-Za-z0-9]{30,}+"),
    ("npm", r"npm_[A-Za-z0-9]{30,}+"),
    ("PyPI", r"pypi-[A-Za-z0-9_-]{16,}+"),
    ("RubyGems", r"rubygems_[a-f0-9]{32,}+"),
    ("Docker Hub", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}+"),
    ("DigitalOcean", r"do[opr]_v1_[a-f0-9]{32,}+"),
    ("Databricks", r"dapi[0-9a-f]{32}(?![0-9a-z])"),
    ("Grafana", r"gl(?:sa|c)_[A-Za-z0-9_=+/-]{24,}+"),
    ("HashiCorp Vault", r"hv[bsr]\.[A-Za-z0-9_-]{20,}+"),
    ("Terraform Cloud", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}+"),
    ("Linear", r"lin_api_[A-Za-z0-9]{32,}+"),
    ("Mailchimp", r"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9a-z])"),
    ("Mailgun", r"key-[0-9a-f]{32}(?![0-9a-z])"),
    ("New Relic", r"NRAK-[A-Z0-9]{20,}+"),
    ("Notion", r"ntn_[A-Za-z0-9]{32,}+"),
    ("SendGrid", r"SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+"),
    ("Shopify", r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32,}+"),
    ("Supabase", r"sbp_[a-f0-9]{32,}+"),
    ("Tailscale", r"tskey-[A-Za-z0-9-]{16,}+"),
    ("Telegram", r"(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    ("Twilio", r"SK[0-9a-f]{32}(?![0-9a-z])"),
    ("age", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}+"),
)
"""Issuer, and what its tokens look like; most issuers chose a prefix so that a leaked one can be found."""

TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_])(?:" + "|".join(shape for _, shape in ISSUED) + ")")
JWT: Final = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){2,4}")

AWS_ID: Final = re.compile(r"(?<![A-Za-z0-9_])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])")
AWS_SECRET: Final = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
"""It has no prefix; in a line with its key id, 40 such characters are one."""

WEBHOOK: Final = re.compile(
    r"(?P<kept>hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/)"
    r"[A-Za-z0-9/_-]{8,}+"
)
"""Addresses that let in whoever knows them."""

_KEY_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_GAP = r"(?:\s|\\[nr])"
PRIVATE_KEYS: Final = (
    re.compile(rf"{_KEY_BEGIN}(?:[^-]++|-(?!----))*+{_KEY_END}"),
    # Cut off at the end, or at the beginning, of the lines that were kept.
    re.compile(rf"{_KEY_BEGIN}(?:{_GAP}*+[A-Za-z0-9+/=]{{32,}}+)*+"),
    re.compile(rf"\A(?:[A-Za-z0-9+/=]++{_GAP}*+)*+{_KEY_END}"),
)
