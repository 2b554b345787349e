# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries in PostgreSQL, reached by libpq's own variables (PGHOST, PGUSER, PGPASSWORD …)."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg2
import psycopg2.extensions

from .entries import VERDICTS, Draft, Entry, UnavailableError

T = TypeVar("T")
Cursor = psycopg2.extensions.cursor

_KEPT_CONNECTIONS = 4
# Two pods may start at once, and CREATE TABLE IF NOT EXISTS alone lets them collide.
_SCHEMA = """
SELECT pg_advisory_xact_lock(20251123);
CREATE TABLE IF NOT EXISTS entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author text NOT NULL,
    text text NOT NULL,
    verdict text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""
_COLUMNS = "id, author, text, verdict, created_at"


class PostgreSQL:
    """A :class:`~board.entries.Store` that makes its table itself and outlives restarts of the database."""

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[psycopg2.extensions.connection] = queue.LifoQueue(_KEPT_CONNECTIONS)

    def describe(self) -> str:
        """See :meth:`Store.describe`."""

        def version(cursor: Cursor) -> str:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()[0])

        return f"PostgreSQL {self._ask(version).split()[0]}"

    def add(self, draft: Draft) -> Entry:
        """See :meth:`Store.add`."""

        def insert(cursor: Cursor) -> Entry:
            cursor.execute(
                f"INSERT INTO entries (author, text, verdict) VALUES (%s, %s, %s) RETURNING {_COLUMNS}",
                (draft.author, draft.text, draft.verdict),
            )
            return _entry(cursor.fetchone())

        return self._ask(insert)

    def newest(self, most: int) -> list[Entry]:
        """See :meth:`Store.newest`."""

        def select(cursor: Cursor) -> list[Entry]:
            cursor.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY id DESC LIMIT %s", (most,))
            return [_entry(row) for row in cursor.fetchall()]

        return self._ask(select)

    def count(self) -> dict[str, int]:
        """See :meth:`Store.count`."""

        def group(cursor: Cursor) -> dict[str, int]:
            cursor.execute("SELECT verdict, count(*) FROM entries GROUP BY verdict")
            return dict.fromkeys(VERDICTS, 0) | dict(cursor.fetchall())

        return self._ask(group)

    def _ask(self, question: Callable[[Cursor], T]) -> T:
        """Ask on a kept connection, or on a new one where the database has been restarted since."""
        while True:
            kept = not self._idle.empty()
            try:
                with self._connection() as connection, connection, connection.cursor() as cursor:
                    return question(cursor)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                if not kept:
                    raise UnavailableError(" ".join(str(error).split()) or type(error).__name__) from error

    @contextmanager
    def _connection(self) -> Iterator[psycopg2.extensions.connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = _connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()


def _connect() -> psycopg2.extensions.connection:
    connection = psycopg2.connect(connect_timeout=3, application_name="board", options="-c statement_timeout=5000")
    # At each connection, so that a database which was reset gets its table without a restart of the board.
    with connection, connection.cursor() as cursor:
        cursor.execute(_SCHEMA)
    return connection


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(id=row[0], author=row[1], text=row[2], verdict=row[3], created_at=row[4])
