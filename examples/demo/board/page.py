# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as HTML; whatever a person wrote is escaped here and nowhere else."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from .entries import AUTHOR_MAX, TEXT_MAX, VERDICTS, Entry
from .settings import Settings

_HINTS = {"works": "does what it should", "broken": "something is off", "idea": "could be better"}
_AVATAR_COLOURS = 6
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))
_MARK = (
    '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="9" cy="7" r="4"/>'
    '<circle cx="9" cy="25" r="4"/><circle cx="23" cy="17" r="4"/><path d="M9 11v10M9 12c0 5 5 5 10 5"/></svg>'
)


def hue(commit: str) -> int:
    """The colour of a commit, as an angle from 150 to 339, green to rose; the board's own without a commit."""
    return 150 + zlib.crc32(commit.encode("utf-8", "replace")) % 190 if commit not in ("", "unknown") else 268


def page(
    *,
    settings: Settings,
    keeper: str | None,
    entries: Sequence[Entry],
    counts: Mapping[str, int],
    now: datetime,
    given: Mapping[str, Any],
    errors: Mapping[str, str],
) -> str:
    """The whole page.

    :param keeper: what keeps the entries; None where it does not answer.
    :param given: what a refused form held, to be corrected.
    :param errors: a sentence for each of its fields that is wrong.
    """
    number = escape(settings.pull_request)
    name = f"Pull request {number}" if number else "Feedback board"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name} · what do you think?</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/board.css">
<script src="/board.js" defer></script>
</head>
<body>
<a class="skip" href="#entries">Skip to the entries</a>
<header class="hero">
<div class="wrap">
<p class="eyebrow">{_MARK}<span>{"Live preview" if number else "Running without a platform"}</span></p>
<h1>{f'Pull request <span class="number">#{number}</span>' if number else name}</h1>
<p class="lead">{_lead(settings)}</p>
{_facts(settings, keeper)}
</div>
</header>
<main class="wrap columns">
{_form(given, errors, disabled=keeper is None)}
<section class="board" aria-labelledby="board-title">
<div class="board-head"><h2 id="board-title">What people say</h2><div id="counts">{_counts(counts)}</div></div>
<div id="entries" tabindex="-1" aria-live="polite">
{_entries(entries, now, answering=keeper is not None)}
</div>
</section>
</main>
<footer class="wrap">
<p>The colour of this page comes from its commit: a new push looks different.</p>
<p><a href="/api/entries">Entries as JSON</a> <a href="/metrics">Metrics</a> <a href="/health">Health</a></p>
</footer>
</body>
</html>
"""


def _lead(settings: Settings) -> str:
    if not settings.pull_request:
        return "Try it, then leave a note about what works and what does not."
    return (
        "This environment belongs to one pull request and goes with it. Try it, then say what works and what does not."
    )


def _facts(settings: Settings, keeper: str | None) -> str:
    # A hexadecimal commit is shown as git does; any other name whole, as far as it fits.
    commit = settings.commit
    short = commit[:10] if len(commit) >= 40 else commit
    facts = [
        ("Commit", f'<code title="{escape(commit)}">{escape(short)}</code>' if commit else ""),
        (
            "Branch",
            f'<code title="{escape(settings.branch)}">{escape(settings.branch)}</code>' if settings.branch else "",
        ),
        ("Version", f"<code>{escape(settings.version)}</code>" if settings.version else ""),
        (
            "Database",
            f'<span class="state up">{escape(keeper)}</span>'
            if keeper
            else '<span class="state down">not answering</span>',
        ),
    ]
    shown = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in facts if value)
    return f'<dl class="facts" id="facts">{shown}</dl>'


def _form(given: Mapping[str, Any], errors: Mapping[str, str], *, disabled: bool) -> str:
    def text(name: str) -> str:
        return escape(str(given.get(name, "")))

    def wrong(name: str) -> tuple[str, str]:
        if name not in errors:
            return "", ""
        note = f'<p class="error" id="{name}-error">{escape(errors[name]).capitalize()}.</p>'
        return f' aria-invalid="true" aria-describedby="{name}-error"', note

    author, author_error = wrong("author")
    body, body_error = wrong("text")
    chosen = given.get("verdict") if given.get("verdict") in VERDICTS else "works"
    choices = "".join(
        f'<label class="choice {name}">'
        f'<input type="radio" name="verdict" value="{name}"{" checked" if name == chosen else ""}>'
        f"<span><b>{title}</b><small>{_HINTS[name]}</small></span></label>"
        for name, title in VERDICTS.items()
    )
    return f"""<section class="card write" aria-labelledby="write-title">
<h2 id="write-title">Add yours</h2>
<form method="post" action="/" id="form">
<fieldset{" disabled" if disabled else ""}>
<legend class="hidden">Your feedback</legend>
<div class="choices" role="radiogroup" aria-label="Your verdict">{choices}</div>
<label for="text">What did you notice?</label>
<textarea id="text" name="text" rows="4" maxlength="{TEXT_MAX}" required{body}>{text("text")}</textarea>
{body_error}
<label for="author">Your name</label>
<input id="author" name="author" maxlength="{AUTHOR_MAX}" autocomplete="name" required value="{text("author")}"{author}>
{author_error}
<button type="submit">Post it</button>
</fieldset>
</form>
</section>"""


def _counts(counts: Mapping[str, int]) -> str:
    return "".join(
        f'<span class="count {name}"><b>{counts[name]}</b> {title.lower()}</span>'
        for name, title in VERDICTS.items()
        if name in counts
    )


def _entries(entries: Sequence[Entry], now: datetime, *, answering: bool) -> str:
    if not answering:
        return (
            '<div class="empty alert" role="alert"><h3>The database does not answer</h3>'
            "<p>Nothing is lost: the entries are back as soon as it is.</p></div>"
        )
    if not entries:
        return (
            f'<div class="empty">{_MARK}<h3>Nobody has said anything yet</h3>'
            "<p>Be the first: what you post here is in this pull request's own database.</p></div>"
        )
    return f'<ol class="entries" reversed>{"".join(_entry(entry, now) for entry in entries)}</ol>'


def _entry(entry: Entry, now: datetime) -> str:
    initials = "".join(word[0] for word in entry.author.split()[:2]).upper()
    colour = zlib.crc32(entry.author.encode()) % _AVATAR_COLOURS
    written = entry.as_dict()["created_at"]
    return (
        f'<li class="card entry {entry.verdict}" data-id="{entry.id}">'
        f'<span class="avatar colour-{colour}" aria-hidden="true">{escape(initials)}</span>'
        f'<div><p class="by"><b>{escape(entry.author)}</b> '
        f'<time datetime="{written}">{_ago(entry.created_at, now)}</time>'
        f'<span class="badge {entry.verdict}">{VERDICTS.get(entry.verdict, "Note")}</span></p>'
        f'<p class="said">{escape(entry.text)}</p></div></li>'
    )


def _ago(then: datetime, now: datetime) -> str:
    seconds = int((now - then).total_seconds())
    for unit, length in _UNITS:
        if seconds >= length:
            many = seconds // length
            return f"{many} {unit}{'s' if many > 1 else ''} ago"
    return "just now"
