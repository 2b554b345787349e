# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a crashed application says of its end, in the words of common languages and frameworks."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.causes import recognise
from ansible_collections.ephemeral.k8s.plugins.module_utils.findings import Finding
from ansible_collections.ephemeral.k8s.tests.unit.situations import crashed, suspect


def found(*args: Any, **more: Any) -> Finding:
    recognised = recognise(suspect(*args, **more))
    assert recognised is not None
    return recognised[1]


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("KeyError: 'SMTP_HOST'", "SMTP_HOST"),
        ('in `fetch\': key not found: "SMTP_HOST" (KeyError)', "SMTP_HOST"),
        ("Error: SMTP_HOST is not set", "SMTP_HOST"),
        ("panic: env var API_KEY must be set", "API_KEY"),
        ("/start.sh: line 3: API_KEY: unbound variable", "API_KEY"),
        ("sh: 1: API_KEY: parameter not set", "API_KEY"),
        ('"SMTP_HOST" is required', "SMTP_HOST"),
        ("Missing required environment variable: SMTP_HOST", "SMTP_HOST"),
        ("ready\nError: Missing environment variable SMTP_HOST\n  at x", "SMTP_HOST"),
        ("SMTP_HOST environment variable not found", "SMTP_HOST"),
        ("Missing required env var: SMTP_HOST", "SMTP_HOST"),
        ('env: required environment variable "SMTP_HOST" is not set', "SMTP_HOST"),
        ("required key SMTP_HOST missing value", "SMTP_HOST"),
        ("UndefinedValueError: SMTP_HOST not found. Declare it as envvar or define a default value.", "SMTP_HOST"),
        ("Missing environment variables:\n    SMTP_HOST: undefined", "SMTP_HOST"),
        ("Invalid environment variables: { SMTP_HOST: [ 'Required' ] }", "SMTP_HOST"),
        ("ImproperlyConfigured: Set the SMTP_HOST environment variable", "SMTP_HOST"),
        ("Could not resolve placeholder 'SMTP_HOST' in value \"${SMTP_HOST}\"", "SMTP_HOST"),
        ("1 validation error for Settings\nsmtp_host\n  Field required [type=missing]", "SMTP_HOST"),
    ],
)
def test_a_variable_that_is_missing_is_named(log: str, name: str) -> None:
    finding = found(crashed(1), log=log)
    assert finding.reason == "MissingVariable"
    assert f"variable {name} is not set" in finding.message
    assert finding.hint == f"add {name} to env in k8s-ee.yaml"


@pytest.mark.parametrize(
    "warning",
    [
        "WARN: SENTRY_DSN is not set",
        "SENTRY_DSN is not set, error reports are disabled",
        "LOG_LEVEL not set, using info",
        '{"level": "warning", "message": "SENTRY_DSN is missing"}',
    ],
)
def test_a_variable_that_it_can_do_without_is_not_what_it_ended_for(warning: str) -> None:
    assert found(crashed(1), log=f"{warning}\nboom").reason == "CrashLoop"
    finding = found(crashed(1), log=f"{warning}\nError: SMTP_HOST is not set")
    assert finding.hint == "add SMTP_HOST to env in k8s-ee.yaml"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DATABASE_URL", "set databases.postgresql: true in k8s-ee.yaml, which provides DATABASE_URL"),
        ("REDIS_URL", "add REDIS_URL to env"),
        ("PREVIEW_URL", "only with ingress.enabled"),
    ],
)
def test_a_variable_comes_from_where_its_like_comes_from(name: str, hint: str) -> None:
    assert hint in found(crashed(1), log=f"KeyError: '{name}'").hint


@pytest.mark.parametrize(
    "log",
    [
        "DATABASE_URL set to postgres://x",
        "HTTP_PROXY ignored",
        "KeyError: 'name'",
        "NODE_ENV is test",
        "set the LOG_LEVEL environment variable to see more",
    ],
)
def test_a_variable_that_is_only_mentioned_is_not_missing(log: str) -> None:
    assert found(crashed(1), log=log).reason == "CrashLoop"


@pytest.mark.parametrize(
    ("log", "place", "directory"),
    [
        ("OSError: [Errno 30] Read-only file system: '/app/uploads'", "/app/uploads", "/app/uploads"),
        ("Error: EROFS: read-only file system, open '/app/cache/x.json'", "/app/cache/x.json", "/app/cache"),
        ("Error: EROFS: read-only file system, open '/app/cache/lock'", "/app/cache/lock", "/app/cache"),
        ("/start.sh: mkdir: cannot create directory '/data': Read-only file system", "/data", "/data"),
        ("Errno::EROFS: Read-only file system @ rb_sysopen - /app/log/x", "/app/log/x", "/app/log"),
    ],
)
def test_a_read_only_file_system_names_the_path(log: str, place: str, directory: str) -> None:
    finding = found(crashed(1), log=f"starting\n{log}\n")
    assert finding.reason == "ReadOnlyFileSystem"
    assert f"cannot write to {place}, which" in finding.message
    assert f"add {directory} to app.writableDirs" in finding.hint


@pytest.mark.parametrize(
    ("log", "place"),
    [
        ("open /app/app.log: read-only file system", "/app/app.log"),
        ("OSError: [Errno 30] Read-only file system: '/server.pid'", "/server.pid"),
        ("sqlite3.OperationalError: attempt to write a readonly database", "its file system"),
        ("Read-only file system", "its file system"),
    ],
)
def test_a_directory_that_holds_the_application_is_not_to_become_empty(log: str, place: str) -> None:
    finding = found(crashed(1), log=log)
    assert f"cannot write to {place}, which" in finding.message
    assert finding.hint.startswith("write to /tmp, or to a directory of its own")


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("PermissionError: [Errno 13] Permission denied: '/app/.env'", "permission denied on /app/.env"),
        ("Error: EACCES: permission denied, open '/app/key'", "permission denied on /app/key"),
        ("chown: Operation not permitted", "permission denied"),
        ("java.nio.file.AccessDeniedException: /data/x", "permission denied on /data/x"),
        ("UnauthorizedAccessException: Access to the path '/app/x' is denied.", "permission denied on /app/x"),
    ],
)
def test_permission_denied_names_the_path(log: str, said: str) -> None:
    finding = found(crashed(1), log=log)
    assert finding.reason == "PermissionDenied"
    assert finding.message.endswith(said)


@pytest.mark.parametrize(
    "log",
    [
        "psycopg2.errors.InsufficientPrivilege: permission denied for table entries",
        "git@example.org: Permission denied (publickey).",
    ],
)
def test_what_a_server_denied_is_not_a_file(log: str) -> None:
    assert found(crashed(1), log=log).reason == "CrashLoop"


@pytest.mark.parametrize(
    "log",
    [
        "Error: listen EACCES: permission denied 0.0.0.0:80",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
        "listen tcp :80: bind: permission denied",
        "Error: listen EACCES: permission denied :::80",
        "PermissionError: [Errno 13] Permission denied (while attempting to bind on address ('0.0.0.0', 80))",
    ],
)
def test_a_port_below_1024_is_not_allowed(log: str) -> None:
    finding = found(crashed(1), log=log)
    assert finding.reason == "PortNotAllowed"
    assert "port 80" in finding.message


def test_a_traceback_without_the_port_still_tells_that_it_is_a_port() -> None:
    log = "    self.socket.bind(self.server_address)\n    ~~~~~~^^^^^\nPermissionError: [Errno 13] Permission denied"
    finding = found(crashed(1), log=log)
    assert finding.reason == "PortNotAllowed"
    assert "below 1024" in finding.message


def test_a_port_in_use() -> None:
    assert found(crashed(1), log="Error: listen EADDRINUSE: address already in use :::3000").reason == "PortInUse"
