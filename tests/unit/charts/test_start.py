# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The start script of PostgreSQL, run by a real shell on stand-ins for PostgreSQL's programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "charts/postgresql/files/start.sh"

INITDB = """#!/bin/sh
while [ "$1" != -D ]; do shift; done
mkdir "$2"
echo initdb >>"$FAKE/calls"
[ ! -e "$FAKE/die-in-initdb" ] || { rm "$FAKE/die-in-initdb"; kill -KILL 0; }
echo 15 >"$2/PG_VERSION"
"""
POSTGRES = """#!/bin/sh
case $1 in
    --version) echo 'postgres (PostgreSQL) 15.6 (Debian 15.6-1)' ;;
    --single)
        echo "single $3" >>"$FAKE/calls"
        [ ! -e "$FAKE/die-in-single" ] || { rm "$FAKE/die-in-single"; kill -KILL 0; }
        cat >>"$FAKE/sql"
        [ ! -e "$FAKE/fail-in-single" ] || { echo 'FATAL: no' >&2; exit 1; }
        ;;
    *) exec "$PYTHON" "$FAKE/../serve.py" "$@" ;;
esac
"""
PG_ISREADY = """#!/bin/sh
echo "$@"
exit 2
"""
# No shell, which could not trap what was ignored when it started. Told to stop by SIGTERM, the real one waits for its
# clients, which may be for ever.
SERVE = """
import os, signal, sys
from pathlib import Path
fake = Path(os.environ["FAKE"])
def stop(*_):
    with (fake / "calls").open("a") as calls:
        calls.write("stopped fast\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, stop)
if (fake / "die-when-serving").exists():
    sys.exit(7)
(fake / "serving").write_text(" ".join(sys.argv[1:]) + "\\n")
(fake / "serving").rename(fake / "served")
while True:
    signal.pause()
"""


class Container:
    """One pod's files, and containers that start and die in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("bin", "volume", "auth", "sockets", "fake"):
            (root / name).mkdir()
        (root / "serve.py").write_text(SERVE)
        for name, text in {"initdb": INITDB, "postgres": POSTGRES, "pg_isready": PG_ISREADY}.items():
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
        for key, value in (("username", "app"), ("password", "pw"), ("database", "shop")):
            (root / "auth" / key).write_text(value)
        self.environment = {
            "PATH": f"{root}/bin:/usr/bin:/bin",
            "PYTHON": sys.executable,
            "FAKE": str(root / "fake"),
            "POSTGRESQL_VOLUME": str(root / "volume"),
            "POSTGRESQL_AUTH": str(root / "auth"),
            "POSTGRESQL_SOCKETS": str(root / "sockets"),
            "POSTGRESQL_HBA": "/hba.conf",
        }

    @property
    def data(self) -> Path:
        return self.root / "volume/pgdata"

    def noted(self, name: str) -> str:
        path = self.root / "fake" / name
        return path.read_text() if path.exists() else ""

    def will(self, fault: str) -> None:
        (self.root / "fake" / fault).touch()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        (self.root / "fake/served").unlink(missing_ok=True)
        return subprocess.Popen(
            ["/bin/sh", SCRIPT, "run", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def serve_and_stop(self, *arguments: str) -> int:
        process = self.start(*arguments)
        try:
            deadline = time.monotonic() + 10
            while not self.noted("served"):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=5)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode

    def fail(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        _, errors = process.communicate(timeout=10)
        return process.returncode, errors


@pytest.fixture
def container(tmp_path):
    return Container(tmp_path)


def test_an_empty_volume_gets_a_role_a_database_and_a_password(container):
    assert container.serve_and_stop() == 0
    assert container.noted("sql").splitlines() == [
        'CREATE ROLE "app" LOGIN;',
        'CREATE DATABASE "shop" OWNER "app";',
        "ALTER ROLE \"app\" LOGIN PASSWORD 'pw';",
    ]
    assert (container.data / "PG_VERSION").exists()


def test_a_volume_in_use_keeps_its_data_and_takes_the_new_password(container):
    container.serve_and_stop()
    (container.data / "rows").write_text("kept")
    (container.root / "auth/password").write_text("other")
    assert container.serve_and_stop() == 0
    assert (container.data / "rows").read_text() == "kept"
    assert container.noted("calls").count("initdb") == 1
    assert container.noted("sql").endswith("ALTER ROLE \"app\" LOGIN PASSWORD 'other';\n")


@pytest.mark.parametrize("fault", ["die-in-initdb", "die-in-single"])
def test_a_start_that_was_killed_is_done_anew(container, fault):
    container.will(fault)
    code, _ = container.fail()
    assert code == -signal.SIGKILL
    assert not container.data.exists(), "a half made cluster must not carry the name of a whole one"
    assert container.serve_and_stop() == 0
    assert container.noted("calls").count("initdb") == 2
    assert sorted(path.name for path in (container.root / "volume").iterdir()) == ["pgdata"]


def test_it_stops_fast_though_clients_are_connected(container):
    assert container.serve_and_stop() == 0
    assert container.noted("calls").endswith("stopped fast\n")


def test_locks_of_a_killed_container_are_no_obstacle(container):
    container.serve_and_stop()
    locks = (container.data / "postmaster.pid", container.root / "sockets/.s.PGSQL.5432.lock")
    for lock in locks:
        lock.write_text("1\n")
    assert container.serve_and_stop() == 0
    assert not any(lock.exists() for lock in locks)


def test_settings_follow_the_fixed_ones(container):
    container.serve_and_stop("shared_buffers=128MB", "search_path=a, b")
    served = container.noted("served")
    assert served.startswith(f"-D {container.data} -c listen_addresses=* ")
    assert served.endswith("-c shared_buffers=128MB -c search_path=a, b\n")


@pytest.mark.parametrize("password", ["it's", 'dou"ble', "back\\slash\\n", "$x `y` ;", "ä 100%s"])
def test_any_password_of_one_line_reaches_the_database_whole(container, password):
    (container.root / "auth/password").write_text(password)
    container.serve_and_stop()
    quoted = password.replace("'", "''")
    assert container.noted("sql").endswith(f"PASSWORD '{quoted}';\n")
    assert password not in container.noted("served")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("password", None, "the Secret has no key password"),
        ("username", "", "key username of the Secret is empty"),
        ("database", "a\nb", "key database of the Secret has more than one line"),
    ],
)
def test_a_secret_that_cannot_serve_is_named(container, key, value, says):
    path = container.root / "auth" / key
    path.unlink() if value is None else path.write_text(value)
    code, errors = container.fail()
    assert (code, errors) == (1, f"start: {says}\n")
    assert container.noted("calls") == ""


def test_data_of_another_version_are_left_alone_and_both_versions_named(container):
    container.serve_and_stop()
    (container.data / "PG_VERSION").write_text("14\n")
    code, errors = container.fail()
    assert code == 1
    assert (
        errors
        == "start: the data are of PostgreSQL 14 and the image has 15; ask for version 14, or reset the database\n"
    )


def test_a_statement_that_fails_ends_the_start(container):
    container.will("fail-in-single")
    code, errors = container.fail()
    assert code == 1
    assert "FATAL" in errors
    assert not container.data.exists()


def test_the_server_s_own_end_is_the_container_s(container):
    container.serve_and_stop()
    container.will("die-when-serving")
    assert container.fail()[0] == 7


def test_ready_asks_the_server_s_socket(container):
    done = subprocess.run(
        ["/bin/sh", SCRIPT, "ready"], env=container.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == f"-h {container.root}/sockets -U postgres -d postgres\n"


def test_anything_else_is_refused(container):
    done = subprocess.run(
        ["/bin/sh", SCRIPT, "go"], env=container.environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "start: expected run or ready, not 'go'\n")
