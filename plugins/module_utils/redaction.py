# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes secrets from log lines and messages before anyone else sees them: known shapes, and exact values.

Every expression takes linear time: a literal start or a boundary before it, bounded or possessive repeats after it.
What it must not do is hide what a reader needs: commits, image digests, addresses and error texts stay.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MARK = "[redacted]"

# A shorter value would blacken half of every log ("app", "80"); nobody's secret is that short.
_SHORTEST_VALUE = 4

_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,32}[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f]")

_KEY_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_GAP = r"(?:\s|\\[nr])"
_PRIVATE_KEYS = (
    re.compile(rf"{_KEY_BEGIN}(?:[^-]++|-(?!----))*+{_KEY_END}"),
    # Cut off at the end, or at the beginning, of the lines that were kept.
    re.compile(rf"{_KEY_BEGIN}(?:{_GAP}*+[A-Za-z0-9+/=]{{32,}}+)*+"),
    re.compile(rf"\A(?:[A-Za-z0-9+/=]++{_GAP}*+)*+{_KEY_END}"),
)

# Tokens whose issuers gave them a prefix so that they can be found. (Prefix, rest.)
_TOKENS = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"gh[opsur]_[A-Za-z0-9_.-]{16,}+"  # GitHub
    r"|github_pat_[A-Za-z0-9_]{16,}+"
    r"|glpat-[A-Za-z0-9_.-]{16,}+"  # GitLab
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"  # AWS
    r"|xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{8,}+"  # Slack
    r"|xapp-[A-Za-z0-9-]{8,}+"
    r"|AIza[A-Za-z0-9_-]{30,}+"  # Google
    r"|ya29\.[A-Za-z0-9_-]{16,}+"
    r"|GOCSPX-[A-Za-z0-9_-]{16,}+"
    r"|(?:[sr]k|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}+"  # Stripe
    r"|sk-[A-Za-z0-9_-]{20,}+"  # OpenAI, Anthropic
    r"|npm_[A-Za-z0-9]{30,}+"
    r"|pypi-[A-Za-z0-9_-]{16,}+"
    r"|dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}+"  # Docker Hub
    r"|do[opr]_v1_[a-f0-9]{32,}+"  # DigitalOcean
    r"|hf_[A-Za-z0-9]{30,}+"  # Hugging Face
    r"|hv[bsr]\.[A-Za-z0-9_-]{20,}+"  # HashiCorp Vault
    r"|SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+"  # SendGrid
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,}+"
    r")"
)
_SLACK_HOOK = re.compile(r"(hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]{8,}+")
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){2,4}")
# An AWS secret has no prefix; beside its key id, 40 characters are one.
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_ID = re.compile(r"(?<![A-Za-z0-9_])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])")

_URL_PASSWORD = re.compile(r"(://[^\s/:@\"'<>?#]{0,256}:)[^\s/\"'<>]{1,512}(?=@)")
_URL_TOKEN = re.compile(r"(://)[^\s/:@\"'<>?#]{16,512}(?=@)")

_HEADER = re.compile(
    r"(?i)(\b(?:proxy-)?authorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?"
    r"(?:(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]{1,4})?)([^\s\"',;]++)"
)
_SCHEME = re.compile(r"(?i)(\b(?:bearer|basic)\s{1,4}[\"']?)([A-Za-z0-9._~+/=-]{8,}+)")
_COOKIE = re.compile(r"(?i)(\b(?:set-)?cookie[\"']?\s{0,4}[:=]\s{0,4}[\"']?)([^\s\"';=]{1,128}=[^\r\n\"']{1,8192})")

# `name = value`, in the ways of shells, JSON, YAML, query strings and key-value logs. The name may begin before it.
_NAMED = re.compile(
    r"(?i)(?P<name>passw(?:or)?d|passphrase|pwd|secret|token|api[_.-]?key|access[_.-]?key|account[_.-]?key"
    r"|private[_.-]?key|signing[_.-]?key|encryption[_.-]?key|master[_.-]?key|credentials?)"
    r"(?P<tail>[_.-]?(?:key[_.-]?base|key|base|value|hash)|[_.-]?[0-9]{1,3})?"
    r"(?P<gap>\\?[\"']?[ \t]{0,4}(?:=>|:=|=|:)(?P<space>[ \t]{0,4}))"
    r"(?P<value>\\\"(?:[^\"\\\n]|\\[^\"\n])*+|\"(?:[^\"\\\n]|\\[^\n])*+|'[^'\n]*+|(?:\[redacted\]|[^\s,;&\"'}\])])++)"
)
_PATH_BEFORE = re.compile(r"/[A-Za-z0-9_.-]{0,60}\Z")
_FLAG = re.compile(
    r"(?i)(--?(?:[a-z]{1,20}-){0,3}(?:password|passwd|secret|token|api-?key)\s{1,4})([^\s-][^\s]{0,511})"
)
_VARIABLE = re.compile(
    r"(?<![A-Za-z0-9_])(?P<name>[A-Z][A-Z0-9_]{2,80})=(?P<quote>[\"']?)(?P<value>[A-Za-z0-9+/=_.~-]{20,}+)"
)
_HARMLESS_VARIABLE = re.compile(r"(?:SHA|COMMIT|DIGEST|HASH|REVISION|VERSION|IMAGE|HOST|PATH|NAME|BRANCH|REF|TAG|ID)$")
# Words that follow a name in an error text, such as "POSTGRES_PASSWORD: parameter not set".
_WORDS = frozenset(
    [
        "null",
        "none",
        "nil",
        "true",
        "false",
        "undefined",
        "not",
        "is",
        "are",
        "was",
        "must",
        "should",
        "cannot",
        "can",
        "required",
        "missing",
        "invalid",
        "empty",
        "no",
        "wrong",
        "incorrect",
        "expected",
        "unexpected",
        "parameter",
        "environment",
        "variable",
        "unbound",
        "field",
        "value",
        "string",
        "unset",
    ]
)
_HEXADECIMAL = re.compile(r"[0-9a-f]{7,64}")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with secrets replaced by ``[redacted]``; doing it twice changes nothing.

    :param text: log lines or a message; colour codes and control characters, which could split a secret, are dropped.
    :param secrets: exact values to hide as well, plain and as URLs, JSON or base64 would write them.
    """
    text = _COLOUR.sub("", text)
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        text = text.replace(form, MARK)
    for expression in _PRIVATE_KEYS:
        text = expression.sub(MARK, text)
    if _AWS_ID.search(text):
        text = "\n".join(_AWS_SECRET.sub(MARK, line) if _AWS_ID.search(line) else line for line in text.split("\n"))
    text = _TOKENS.sub(MARK, text)
    text = _JWT.sub(MARK, text)
    text = _SLACK_HOOK.sub(rf"\1{MARK}", text)
    text = _URL_PASSWORD.sub(rf"\1{MARK}", text)
    text = _URL_TOKEN.sub(rf"\1{MARK}", text)
    text = _HEADER.sub(_after_header, text)
    text = _SCHEME.sub(_after_scheme, text)
    text = _COOKIE.sub(_after_header, text)
    text = _NAMED.sub(_after_name, text)
    text = _FLAG.sub(_after_header, text)
    return _VARIABLE.sub(_after_variable, text)


def _forms(secret: str) -> Iterator[str]:
    """How a value may appear in a log: as it is, line by line, quoted for URLs and JSON, in base64 at any offset."""
    for plain in {secret, secret.strip(), *(line.strip() for line in secret.splitlines() if len(line.strip()) >= 16)}:
        if len(plain) < _SHORTEST_VALUE or plain in MARK:
            continue
        yield from (plain, quote(plain, safe=""), quote(plain), quote_plus(plain), json.dumps(plain)[1:-1])
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        # Six bytes give at least seven sure characters at every offset; fewer would hide chance matches.
        if len(raw := plain.encode()) >= 6:
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(raw).decode()
                # Inside a longer text, such as "user:password", only characters made of its own bits are certain.
                for offset in range(3):
                    code = encode(bytes(offset) + raw).decode()
                    yield code[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]


def _after_header(found: re.Match[str]) -> str:
    return found[0] if _is_harmless(found[2]) else f"{found[1]}{MARK}"


def _after_scheme(found: re.Match[str]) -> str:
    return f"{found[1]}{MARK}" if _looks_random(found[2]) else found[0]


def _after_name(found: re.Match[str]) -> str:
    value = found["value"]
    opening = value[: 2 if value.startswith("\\") else 1] if value[:1] in "\"'\\" else ""
    bare = value[len(opening) :]
    if _is_harmless(bare) or (found["name"].lower() == "pwd" and bare.startswith("/")):
        return found[0]
    is_password = found["name"].lower().startswith("p") and "key" not in found["name"].lower()
    # "open /etc/passwd: permission denied" names a file.
    is_path = ":" in found["gap"] and _PATH_BEFORE.search(found.string, max(0, found.start() - 64), found.start())
    # "Unexpected token: punc" and "max_tokens=4096" are no secrets; "token: 8f3kd02l" and "token=abcdef" are.
    prose = ":" in found["gap"] and bool(found["space"]) and not opening and '"' not in found["gap"]
    if is_path and not _looks_random(bare):
        return found[0]
    if not is_password and ((bare.isdigit() and len(bare) < 8) or (prose and not _looks_random(bare))):
        return found[0]
    return f"{found['name']}{found['tail'] or ''}{found['gap']}{opening}{MARK}"


def _after_variable(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    harmless = _HARMLESS_VARIABLE.search(name) or _HEXADECIMAL.fullmatch(value) or value.startswith(("/", "./"))
    if harmless or not _looks_random(value) or _bits_per_character(value) < 3.5:
        return found[0]
    return f"{name}={found['quote']}{MARK}"


def _is_harmless(value: str) -> bool:
    """A word, a reference to a value elsewhere, or what is hidden already."""
    return value.lower().strip(".:") in {"", *_WORDS} or value.startswith((MARK, "$", "<", "***"))


def _looks_random(text: str) -> bool:
    return len(text) >= 8 and (
        any(character.isdigit() for character in text)
        or (text[1:].lower() != text[1:] and text.upper() != text)
        or len(text) >= 32
    )


def _bits_per_character(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
