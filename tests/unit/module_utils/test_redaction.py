# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction: secrets go, what a reader needs stays, and no text takes long."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ansible_collections.ephemeral.k8s.plugins.module_utils.redaction import MARK, redact

# Put together here, so that scanners of this repository find no token in it.
PEM_BEGIN, PEM_END = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
BASE64 = "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
TEXT36 = "16C7e42F292c6912E7710c838347Ae178B4a"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
AWS_ID, AWS_SECRET = "AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("clone with ghp_" + TEXT36 + " failed", f"clone with {MARK} failed"),
        ("ghs_" + TEXT36, MARK),
        ("gho_" + TEXT36 + ", next", f"{MARK}, next"),
        ("github_pat_" + TEXT36 + "_" + TEXT36, MARK),
        ("glpat-" + TEXT36[:20], MARK),
        (f"key {AWS_ID} and {AWS_SECRET}.", f"key {MARK} and {MARK}."),
        ("xoxb-" + "123456789012-abcdefghij", MARK),
        ("https://hooks.slack.com/services/" + "T0000/B0000/XXXXXXXX", f"https://hooks.slack.com/services/{MARK}"),
        ("AIza" + TEXT36[:35], MARK),
        ("sk_live_" + TEXT36, MARK),
        ("npm_" + TEXT36, MARK),
        (f"jwt {JWT}!", f"jwt {MARK}!"),
        ("Authorization: Bearer abcdefgh", f"Authorization: Bearer {MARK}"),
        ('"authorization": "Basic dXNlcjpwdw=="', f'"authorization": "Basic {MARK}"'),
        ("> authorization: opaque", f"> authorization: {MARK}"),
        ("sent Bearer abc123def456 to it", f"sent Bearer {MARK} to it"),
        ("Set-Cookie: session=abc; Path=/", f"Set-Cookie: {MARK}"),
        ("postgres://app:s3cret@db:5432/app", f"postgres://app:{MARK}@db:5432/app"),
        ("postgres://app:p@ss@db:5432/app", f"postgres://app:{MARK}@db:5432/app"),
        ("redis://:s3cret@redis:6379", f"redis://:{MARK}@redis:6379"),
        ("https://0123456789abcdef@git.example.org/x", f"https://{MARK}@git.example.org/x"),
        ("password=hunter", f"password={MARK}"),
        ("PGPASSWORD: hunter", f"PGPASSWORD: {MARK}"),
        ('{"db_password": "a\\"b", "port": 1}', f'{{"db_password": "{MARK}", "port": 1}}'),
        ('{\\"token\\":\\"abc\\",\\"a\\":1}', f'{{\\"token\\":\\"{MARK}\\",\\"a\\":1}}'),
        ("client_secret='a b c' ok", f"client_secret='{MARK}' ok"),
        ("GET /?api_key=abcdef&page=2", f"GET /?api_key={MARK}&page=2"),
        ("SECRET_KEY_BASE=abc", f"SECRET_KEY_BASE={MARK}"),
        ("AWS_SECRET_ACCESS_KEY=" + AWS_SECRET, f"AWS_SECRET_ACCESS_KEY={MARK}"),
        ("AccountKey=abc==;Endpoint=x", f"AccountKey={MARK};Endpoint=x"),
        ("mysql --password hunter2 -h db", f"mysql --password {MARK} -h db"),
        ("SENTRY_THING=aB3dE5fG7hI9jK1lM3nO5", f"SENTRY_THING={MARK}"),
        ("token: 8f3kd02l", f"token: {MARK}"),
        ("kv/app/password: Tr0ub4dor", f"kv/app/password: {MARK}"),
        ("pass\x1b[31mword=hunter\x1b[0m", f"password={MARK}"),
        ("SMTP_PASS=hunter and db-pass: hunter", f"SMTP_PASS={MARK} and db-pass: {MARK}"),
        ("auth: { user: 'ada', pass: 'hunter' }", f"auth: {{ user: 'ada', pass: '{MARK}' }}"),
        ('{\\"pass\\":\\"hunter\\"}', f'{{\\"pass\\":\\"{MARK}\\"}}'),
        ("curl -sS -u ada:hunter https://x", f"curl -sS -u ada:{MARK} https://x"),
        ("curl --user=ada:hunter https://x", f"curl --user=ada:{MARK} https://x"),
        ("<ns:Password>hunter</ns:Password>", f"<ns:Password>{MARK}</ns:Password>"),
        ("CREATE ROLE app LOGIN PASSWORD 'hunter';", f"CREATE ROLE app LOGIN PASSWORD '{MARK}';"),
        ("CREATE USER app IDENTIFIED BY 'hunter';", f"CREATE USER app IDENTIFIED BY '{MARK}';"),
        ("GET https://x/a?sv=1&sig=aB3%2Fd9xyz&se=2", f"GET https://x/a?sv=1&sig={MARK}&se=2"),
        ("GET https://x/a?X-Amz-Signature=0123abcd&a=1", f"GET https://x/a?X-Amz-Signature={MARK}&a=1"),
    ],
)
def test_known_shapes_go_and_what_stands_around_them_stays(line: str, shown: str) -> None:
    assert redact(line) == shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "line",
    [
        "Error: listen EADDRINUSE: address already in use :::3000",
        "SyntaxError: Unexpected token: punc (",
        "SyntaxError: Unexpected token ':'",
        'FATAL: password authentication failed for user "app"',
        "POSTGRES_PASSWORD: parameter not set",
        "password is required",
        'Secret "app-env" not found',
        "couldn't find key API_TOKEN in Secret shop-pr-7/app-env",
        "max_tokens=4096 tokens=12",
        "COMMIT_SHA=0123456789abcdef0123456789abcdef01234567",
        "image registry.localhost:5000/shop@sha256:" + "ab12" * 16,
        "DATABASE_HOST=postgresql.shop-pr-7.svc.cluster.local",
        "PREVIEW_URL=https://shop-pr-7.preview.example.org/a?b=c@d",
        "PWD=/app/server",
        'exec: "/etc/passwd": permission denied: unknown',
        "open /run/secrets/db_password: no such file",
        "PASSWORD=$DB_PASSWORD token=${TOKEN}",
        "at Object.<anonymous> (/app/node_modules/pg/lib/client.js:132:17)",
        '10.0.0.1 - - [01/Jan/2026:10:00:00 +0000] "GET /health HTTP/1.1" 200 2',
        "Basic authentication is off",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "LONG_OPTION=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "tests: 12 pass: 12 fail: 0",
        "tests_pass=12",
        "bypass: on",
        "docker run -u 1001:1001 shop",
    ],
)
def test_what_a_reader_needs_stays(line: str) -> None:
    assert redact(line) == line


def test_a_private_key_goes_with_all_its_lines() -> None:
    head = f"{PEM_BEGIN}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n"
    assert redact(f"loading\n{head}\n{BASE64}\n{BASE64[:9]}\n{PEM_END}\nready") == f"loading\n{MARK}\nready"


def test_a_private_key_in_one_line_goes() -> None:
    log = json.dumps({"key": f"{PEM_BEGIN}\n{BASE64}\n{PEM_END}\n", "port": 3000})
    assert redact(log) == f'{{"key": "{MARK}\\n", "port": 3000}}'


def test_a_private_key_whose_end_was_cut_off_goes_and_the_log_after_it_stays() -> None:
    assert redact(f"{PEM_BEGIN}\n{BASE64}\nError: cannot start") == f"{MARK}\nError: cannot start"


def test_a_private_key_whose_beginning_was_cut_off_goes() -> None:
    assert redact(f"{BASE64}\n{BASE64[:20]}\n{PEM_END}\nError: x") == f"{MARK}\nError: x"


def test_a_certificate_is_no_secret() -> None:
    certificate = f"-----BEGIN CERTIFICATE-----\n{BASE64}\n-----END CERTIFICATE-----"
    assert redact(certificate) == certificate


VALUES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=6, max_size=40)


@settings(max_examples=40)
@given(value=VALUES)
@example(value="p w/&?ü")
def test_an_exact_value_goes_in_every_form_in_which_a_log_may_show_it(value: str) -> None:
    forms = [
        value,
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    ]
    assume(value not in MARK)  # what is a part of the mark gives nothing away
    for form in forms:
        assert form not in redact(f"x {form} y", [value]).replace(MARK, "")


@given(
    value=st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789-_", min_size=9, max_size=40),
    user=st.text("xyz", max_size=5),
)
def test_an_exact_value_inside_base64_goes_at_any_offset(value: str, user: str) -> None:
    shown = redact(base64.b64encode(f"{user}:{value}".encode()).decode(), [value])
    assert MARK in shown
    assert len(shown.replace(MARK, "")) <= 4 + 4 * (len(user) + 1)


def test_a_value_of_several_lines_goes_line_by_line() -> None:
    value = "first line of the secret\nsecond line of the secret\n"
    assert redact("| second line of the secret |", [value]) == f"| {MARK} |"


@pytest.mark.parametrize("value", ["", "a", "app", " 80 ", "redacted"])
def test_a_value_that_would_blacken_the_log_is_not_looked_for(value: str) -> None:
    assert redact("app on 80: a [redacted] b", [value]) == "app on 80: a [redacted] b"


def test_the_longer_of_two_values_goes_first() -> None:
    assert redact("hunter2hunter2 hunter2", ["hunter2", "hunter2hunter2"]) == f"{MARK} {MARK}"


@given(text=st.text(max_size=200))
@example(text="password=pre-ghp_" + TEXT36)
@example(text='token="[redacted]')
def test_doing_it_twice_changes_nothing(text: str) -> None:
    once = redact(text, ["hunter2"])
    assert redact(once, ["hunter2"]) == once


@pytest.mark.parametrize(
    "piece",
    [
        "a", "1", " ", "\n", "\\", "-", "--a-", "a@", "A=", "ABC_", "://", "://a:", "://" + "a" * 40,
        "eyJ", "eyJ" + "a" * 8 + ".", PEM_BEGIN, BASE64 + " ", "password=", 'password="', "token='", "token:",
        "ghp_", "sk-", "bearer ", "cookie: a=", "authorization: ", "\x1b[0", "AKIA", AWS_ID, AWS_ID + "/",
        "a-pass:", "pass:'", "-u a:", "<password>", "<a", "password '", "?sig=", "bot1234567890:AA", "a" * 32 + "-us",
        ".atlasv1.", "8Q~",
    ],
    ids=repr,
)  # fmt: skip
def test_a_line_of_a_megabyte_takes_linear_time(piece: str) -> None:
    """Measured on a part of it: what takes 0.1 s for 150 kB and grows linearly takes 1 s for a megabyte."""

    def seconds(characters: int) -> float:
        text = piece * (characters // len(piece))
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    # Ten times the text; quadratic time would be a hundred times. The floor is for the noise of short measurements.
    assert seconds(150_000) < max(0.02, seconds(15_000)) * 40
