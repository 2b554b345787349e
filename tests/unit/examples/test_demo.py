# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo application: what it answers, and how it lives and dies as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from board.answers import BODY_MAX, Board, Request
from board.entries import AUTHOR_MAX, TEXT_MAX, Memory, UnavailableError
from board.metrics import Metrics
from board.page import hue
from board.settings import Settings

from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config

DEMO = Path(__file__).resolve().parents[3] / "examples/demo"
NOON = datetime(2025, 11, 23, 12, 0, tzinfo=UTC)


class Down:
    """A database that does not answer."""

    def describe(self):
        raise UnavailableError("connection refused")

    add = newest = count = lambda self, *_: self.describe()


def board(*, store=None, **settings):
    asked = Settings(**{"pull_request": "1", "commit": "0b5cbb7", "branch": "main", **settings})
    return Board(settings=asked, store=store or Memory(lambda: NOON), metrics=Metrics(), now=lambda: NOON)


def get(app, path, **headers):
    return app.answer(Request(method="GET", path=path, headers=headers))


def post(app, path, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app.answer(Request(method="POST", path=path, headers=headers, body=raw))


def listed(app):
    return json.loads(get(app, "/api/entries").body)["entries"]


class TestApi:
    """What programs use."""

    def test_an_entry_is_written_and_read_back_newest_first(self):
        app = board()
        made = post(app, "/api/entries", {"author": "ada", "text": "first"})
        assert made.status == 201
        post(app, "/api/entries", {"author": " bob ", "text": "second", "verdict": "broken"})
        assert [(e["author"], e["text"], e["verdict"]) for e in listed(app)] == [
            ("bob", "second", "broken"),
            ("ada", "first", "idea"),
        ]
        assert listed(app)[0]["created_at"] == "2025-11-23T12:00:00Z"

    @pytest.mark.parametrize(
        ("draft", "fields"),
        [
            ({}, {"author", "text"}),
            ({"author": "  ", "text": "\n"}, {"author", "text"}),
            ({"author": 7, "text": ["x"]}, {"author", "text"}),
            ({"author": "a" * (AUTHOR_MAX + 1), "text": "x"}, {"author"}),
            ({"author": "a", "text": "x" * (TEXT_MAX + 1)}, {"text"}),
            ({"author": "a", "text": "nul \x00"}, {"text"}),
            ({"author": "a", "text": "\ud800"}, {"text"}),
            ({"author": "a", "text": "x", "verdict": "great"}, {"verdict"}),
        ],
    )
    def test_a_draft_gets_a_sentence_for_each_wrong_field(self, draft, fields):
        app = board()
        refused = post(app, "/api/entries", draft)
        assert refused.status == 422
        assert set(json.loads(refused.body)["errors"]) == fields
        assert listed(app) == []

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 5000])
    def test_a_body_that_is_no_object_is_refused(self, body):
        assert post(board(), "/api/entries", body).status == 400

    def test_other_content_is_refused(self):
        assert post(board(), "/api/entries", b"a=b", **{"content-type": "text/plain"}).status == 415

    @pytest.mark.parametrize("path", ["/", "/api/entries"])
    def test_another_site_may_not_write_in_its_visitor_s_name(self, path):
        assert post(board(), path, b"author=a&text=b", **{"sec-fetch-site": "cross-site"}).status == 403

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/nope", 404), ("DELETE", "/", 405), ("PUT", "/api/entries", 405), ("POST", "/health", 405)],
    )
    def test_what_is_not_there_is_said(self, method, path, status):
        answer = board().answer(Request(method=method, path=path))
        assert answer.status == status
        assert bool(answer.headers.get("Allow")) is (status == 405)


class TestPage:
    """What people use."""

    def text(self, app):
        return get(app, "/").body.decode()

    def test_it_says_where_it_is(self):
        shown = self.text(board(pull_request="42", commit="c" * 40, branch="feat/x", version="pr-42-ccccccc"))
        for part in ("#42", "cccccccccc", "feat/x", "pr-42-ccccccc", "memory only"):
            assert part in shown

    def test_nothing_that_a_person_wrote_becomes_markup(self):
        evil = "\"'><script>alert(1)</script>&"
        app = board(branch=evil, commit=evil, version=evil, pull_request=evil)
        post(app, "/api/entries", {"author": evil, "text": evil})
        post(app, "/", b"author=%22%3E%3Cscript%3Ealert(1)&text=")
        shown = self.text(app)
        assert "alert(1)" in shown
        assert not re.search(r"<script(?! src=\"/board\.js\" defer>)", shown)
        assert "'>" not in shown.replace("&#x27;&gt;", "")

    def test_a_form_works_without_scripts(self):
        app = board()
        sent = post(app, "/", b"author=ada&text=hello+there&verdict=works")
        assert (sent.status, sent.headers["Location"]) == (303, "/")
        assert [e["text"] for e in listed(app)] == ["hello there"]
        assert "hello there" in self.text(app)

    def test_a_refused_form_keeps_what_was_written(self):
        refused = post(board(), "/", b"author=&text=long+thoughts&verdict=broken")
        assert refused.status == 422
        shown = refused.body.decode()
        assert "long thoughts" in shown
        assert 'aria-describedby="author-error"' in shown
        assert "Author is missing." in shown

    def test_it_stands_while_the_database_is_down(self):
        answer = get(board(store=Down()), "/")
        assert answer.status == 503
        assert "The database does not answer" in answer.body.decode()
        assert post(board(store=Down()), "/", b"author=a&text=kept").body.decode().count("kept") == 1

    def test_an_empty_board_invites(self):
        assert "Be the first" in self.text(board())

    def test_each_commit_has_a_colour_of_its_own(self):
        first, second = (get(board(commit=commit), "/board.css").body for commit in ("aaa", "bbb"))
        assert first != second
        assert first.startswith(b":root { --hue: ")
        assert all(150 <= hue(str(number)) < 340 for number in range(500))

    def test_nothing_comes_from_elsewhere(self):
        app = board()
        for path in ("/", "/board.css", "/board.js"):
            assert not re.search(rb"https?://|@import|url\(", get(app, path).body), path


class TestWatching:
    """What the platform uses."""

    def test_it_is_well_when_the_database_answers(self):
        answer = get(board(), "/health")
        assert (answer.status, json.loads(answer.body)["status"]) == (200, "ok")

    def test_it_is_not_when_the_database_does_not(self):
        answer = get(board(store=Down()), "/health")
        assert answer.status == 503
        assert b"connection refused" in answer.body
        assert get(board(store=Down()), "/api/entries").status == 503

    def test_it_can_be_told_to_be_unwell(self):
        assert get(board(fail="health"), "/health").status == 500

    def test_it_counts_entries_and_requests(self):
        metrics = Metrics()
        metrics.note(route="page", method="GET", status=200, seconds=0.25)
        text = metrics.text(entries={"idea": 2})
        assert 'board_requests_total{route="page",method="GET",status="200"} 1\n' in text
        assert 'board_request_seconds_total{route="page"} 0.250000\n' in text
        assert 'board_entries{verdict="idea"} 2\n' in text
        assert "board_database_up 1\n" in text
        assert "board_database_up 0\n" in metrics.text(entries=None)
        assert get(board(store=Down()), "/metrics").status == 200


class TestSettings:
    """What the environment may say."""

    def test_they_come_from_the_platform_s_variables(self):
        given = {"PORT": "81", "PR_NUMBER": "7", "COMMIT_SHA": "abc", "BRANCH_NAME": "b", "PGHOST": "postgresql"}
        assert Settings.read(given) == Settings(port=81, pull_request="7", commit="abc", branch="b", database=True)
        assert Settings.read({}) == Settings()

    @pytest.mark.parametrize(
        "given", [{"PORT": "0"}, {"PORT": "65536"}, {"PORT": "http"}, {"PORT": "٣"}, {"DEMO_FAIL": "x"}]
    )
    def test_a_wrong_one_is_named(self, given):
        (name,) = given
        with pytest.raises(ValueError, match=name):
            Settings.read(given)


class TestProcess:
    """The program itself, on a port of its own, without a database."""

    def start(self, **environment):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        process = subprocess.Popen(
            [sys.executable, "-m", "board"],
            cwd=DEMO,
            env={**clean, "PORT": str(port), **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        return process, f"http://127.0.0.1:{port}"

    def ask(self, url, *, data=None, seconds=10):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + seconds
        while True:
            try:
                return opener.open(url, data=data, timeout=5)
            except urllib.error.HTTPError as refused:
                return refused
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def test_it_serves_logs_and_stops_when_told(self):
        process, url = self.start()
        try:
            answer = self.ask(f"{url}/?token=s3cret")
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert self.ask(f"{url}/api/entries", data=b"x" * (BODY_MAX + 1)).status == 413
            process.send_signal(signal.SIGTERM)
            assert self.ask(f"{url}/health").status == 200, "it still answers while proxies turn away"
            output, _ = process.communicate(timeout=10)
        finally:
            process.kill()
        assert process.returncode == 0
        lines = [json.loads(line) for line in output.splitlines()]
        assert [line["message"] for line in lines if line["message"] != "request"] == [
            "listening",
            "ready",
            "stopping",
            "stopped",
        ]
        assert "s3cret" not in output
        assert "/health" not in output

    def test_it_crashes_when_told(self):
        process, _ = self.start(DEMO_FAIL="crash")
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 3
        assert json.loads(output)["level"] == "error"

    def test_wrong_settings_end_it_with_a_sentence(self):
        process, _ = self.start(PORT="many")
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 2
        assert "PORT is 'many'" in json.loads(output)["message"]


def test_its_configuration_is_valid_and_served():
    config = Config.load((DEMO / "k8s-ee.yaml").read_bytes())
    assert config.unsupported() == ()
    assert config.project_id == "demo"
    assert set(config.databases) == {"postgresql"}
