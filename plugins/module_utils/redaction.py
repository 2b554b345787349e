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

from .token_shapes import AWS_ID, AWS_SECRET, JWT, PRIVATE_KEYS, TOKEN, WEBHOOK

MARK = "[redacted]"

# A shorter value would blacken half of every log ("app", "80"); nobody's secret is that short.
_SHORTEST_VALUE = 4

_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,32}[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f]")

_URL_PASSWORD = re.compile(r"(://[^\s/:@\"'<>?#]{0,256}:)[^\s/\"'<>]{1,512}(?=@)")
_URL_TOKEN = re.compile(r"(://)[^\s/:@\"'<>?#]{16,512}(?=@)")

_HEADER = re.compile(
    r"(?i)(\b(?:proxy-)?authorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?"
    r"(?:(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]{1,4})?)([^\s\"',;]++)"
)
_SCHEME = re.compile(r"(?i)(\b(?:bearer|basic)\s{1,4}[\"']?)([A-Za-z0-9._~+/=-]{8,}+)")
_COOKIE = re.compile(r"(?i)(\b(?:set-)?cookie[\"']?\s{0,4}[:=]\s{0,4}[\"']?)([^\s\"';=]{1,128}=[^\r\n\"']{1,8192})")

# `name = value`, in the ways of shells, JSON, YAML, query strings and key-value logs. The name may begin before it.
# "pass" alone is a word of test reports too; it counts at the end of a longer name, or before a value in quotes.
_NAMED = re.compile(
    r"(?i)(?P<name>passw(?:or)?d|passphrase|pwd|secret|token|api[_.-]?key|access[_.-]?key|account[_.-]?key"
    r"|private[_.-]?key|signing[_.-]?key|encryption[_.-]?key|master[_.-]?key|credentials?"
    r"|(?<=[a-z0-9][_.-])pass(?![a-z])|(?<![a-z0-9])pass(?=\\?[\"']?[ \t]{0,4}[:=]>?[ \t]{0,4}\\?[\"']))"
    r"(?P<tail>[_.-]?(?:key[_.-]?base|key|base|value|hash)|[_.-]?[0-9]{1,3})?"
    r"(?P<gap>\\?[\"']?[ \t]{0,4}(?:=>|:=|=|:)(?P<space>[ \t]{0,4}))"
    r"(?P<value>\\\"(?:[^\"\\\n]|\\[^\"\n])*+|\"(?:[^\"\\\n]|\\[^\n])*+|'[^'\n]*+|(?:\[redacted\]|[^\s,;&\"'}\])])++)"
)
_PATH_BEFORE = re.compile(r"/[A-Za-z0-9_.-]{0,60}\Z")
# The same in command lines, XML, SQL, and the signatures of addresses that let in for a while.
_ELSEWHERE = (
    re.compile(r"(?i)(--?(?:[a-z]{1,20}-){0,3}(?:password|passwd|secret|token|api-?key)\s{1,4})([^\s-][^\s]{0,511})"),
    re.compile(r"(?<!\S)((?:-u|--user)[ =]\s{0,4}[\"']?[^\s:\"'/]{1,64}:)(?!\d{1,10}(?!\S))([^\s\"'/]{1,512})"),
    re.compile(r"(?i)(<[a-z0-9_.:-]{0,40}(?:password|passwd|secret|token|api-?key)>)([^<>\n]{1,512})(?=</)"),
    re.compile(r"(?i)(\b(?:password|identified by)\s{1,4}')([^'\n]{1,512})"),
    re.compile(r"(?i)([?&;](?:sig|signature|x-(?:amz|goog|oss)-signature)=)([^\s&#\"'<>]{8,1024})"),
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
    for expression in PRIVATE_KEYS:
        text = expression.sub(MARK, text)
    if AWS_ID.search(text):
        text = "\n".join(AWS_SECRET.sub(MARK, line) if AWS_ID.search(line) else line for line in text.split("\n"))
    text = TOKEN.sub(MARK, text)
    text = JWT.sub(MARK, text)
    text = WEBHOOK.sub(rf"\g<kept>{MARK}", text)
    text = _URL_PASSWORD.sub(rf"\1{MARK}", text)
    text = _URL_TOKEN.sub(rf"\1{MARK}", text)
    text = _HEADER.sub(_after_header, text)
    text = _SCHEME.sub(_after_scheme, text)
    text = _COOKIE.sub(_after_header, text)
    text = _NAMED.sub(_after_name, text)
    for expression in _ELSEWHERE:
        text = expression.sub(_after_header, text)
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
    name = found["name"].lower()
    is_password = name.startswith(("passw", "passp", "pwd"))
    # "open /etc/passwd: permission denied" names a file.
    is_path = ":" in found["gap"] and _PATH_BEFORE.search(found.string, max(0, found.start() - 64), found.start())
    # "Unexpected token: punc" and "max_tokens=4096" are no secrets; "token: 8f3kd02l" and "token=abcdef" are.
    prose = ":" in found["gap"] and bool(found["space"]) and not opening and '"' not in found["gap"]
    if is_path and not _looks_random(bare):
        return found[0]
    if not is_password and bare.isdigit() and len(bare) < 8:
        return found[0]
    if not is_password and name != "pass" and prose and not _looks_random(bare):
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
