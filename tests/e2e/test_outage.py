# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every process of the machine's Kubernetes ends at one instant: its environments after the next start.

A run of pr.yml that is under way ends with them. The kernel lives on: what processes had written reaches the disk all
the same. What a disk loses with its power, test_data_disk.py takes away too.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import build_image
from .demo import add, folders_of, texts
from .environments import SEQUENCE, close, closing, left, passwords, place
from .kills import Lookout
from .pictures import difference, picture
from .places import REGISTRY, VOLUMES
from .runs import Run, Started, until
from .sandbox import end_everything, sandbox
from .visitors import await_entries

pytestmark = [pytest.mark.faults, pytest.mark.outage]

OPEN = (700, 701, 702)
PUSHED = 701
PRIVATE = 702
UNCUT = 709
# Of the 180 s that a machine may take from a reboot to the last answer, this is the part after its own start.
ANSWER_SECONDS = 60


def forget_image(image: str) -> None:
    """Remove an image from the node: who needs it again has to pull it."""
    ctr = ("ctr", "--address", "/run/ephemeral-k8s/containerd.sock", "--namespace", "k8s.io", "images")
    subprocess.run([*ctr, "remove", "--sync", image], check=True, capture_output=True)
    assert image not in subprocess.check_output([*ctr, "list", "--quiet"], text=True).splitlines()


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What was known in the last moment, and how everything came back.

    :param seconds: from the start of the sandbox to the answer of each environment.
    """

    cut_at: datetime
    entries: Mapping[int, list[str]]
    passwords: Mapping[int, Any]
    records: Mapping[int, Any]
    start: Run
    seconds: Mapping[int, float]


@pytest.fixture(scope="class")
def outage(pr, api, tmp_path_factory) -> Iterator[Outage]:
    """Three environments are open, one of them with a push under way, when everything ends; then the next start."""
    folder = tmp_path_factory.mktemp("image")

    def opened(number: int) -> Run:
        image = f"{REGISTRY}/demo:pr-1"
        if number == PRIVATE:
            image = build_image(f"demo:pr-{PRIVATE}", "ARG BASE\nFROM ${BASE}\nENV DEMO_EDITION=private\n", folder)
        run = pr(number, pr_sha="first", pr_sequence=SEQUENCE, pr_image=image)
        assert run.preview.get("status") == "ready", run.output
        add(number, f"of {number}")
        return run

    with ThreadPoolExecutor() as pool:
        list(pool.map(opened, OPEN))
        forget_image(f"{REGISTRY}/demo:pr-{PRIVATE}")
        written = {number: texts(number) for number in OPEN}
        secrets = {number: passwords(api, number) for number in OPEN}
        records = {number: api.record(place(number)) for number in OPEN}
        lookout = Lookout(api, place(PUSHED))
        with pr.start(PUSHED, pr_sha="second", pr_sequence=SEQUENCE) as push:
            lookout.wait("app")
            end_everything(push)
        cut_at = datetime.now(UTC)
        answers = {number: pool.submit(await_entries, number, seconds=120) for number in OPEN}
        start = sandbox()
        seconds = {number: answer.result() for number, answer in answers.items()}
        yield Outage(cut_at=cut_at, entries=written, passwords=secrets, records=records, start=start, seconds=seconds)
        list(pool.map(close, OPEN))


class TestEveryProcessKilled:
    """Each test goes on from the one before."""

    def test_every_environment_answers_again_without_help(self, outage, record_property):
        record_property("seconds of the start", outage.start.seconds)
        record_property("seconds from the start to each answer", outage.seconds)
        assert outage.start.code == 0, outage.start.output
        assert max(outage.seconds.values()) < ANSWER_SECONDS

    def test_what_was_written_is_there(self, outage):
        assert all(outage.entries[number][0] == f"of {number}" for number in OPEN)
        assert {number: texts(number) for number in OPEN} == outage.entries

    def test_no_password_has_changed(self, outage, api):
        assert {number: passwords(api, number) for number in OPEN} == outage.passwords

    def test_an_image_that_only_the_local_registry_has_was_pulled_again(self, outage, kubectl):
        image = f"{REGISTRY}/demo:pr-{PRIVATE}"
        (pod,) = kubectl.json("get", "pods", "-n", place(PRIVATE), "-l", "app.kubernetes.io/name=app")["items"]
        assert pod["spec"]["containers"][0]["image"] == image
        pulled = [
            datetime.fromisoformat(event["lastTimestamp"])
            for event in kubectl.json("get", "events", "-n", place(PRIVATE), "--field-selector", "reason=Pulled")[
                "items"
            ]
            if f'Successfully pulled image "{image}"' in event["message"]
        ]
        assert [at for at in pulled if at > outage.cut_at], pulled

    def test_nobody_had_to_run_anything(self, outage, api):
        for number in set(OPEN) - {PUSHED}:
            assert api.record(place(number)) == outage.records[number]

    def test_the_push_that_was_cut_is_ready_after_one_more_run(self, outage, pr, api, record_property):
        again = pr(PUSHED, pr_sha="second", pr_sequence=SEQUENCE)
        record_property("seconds", again.seconds)
        assert again.preview.get("status") == "ready", again.output
        assert texts(PUSHED) == outage.entries[PUSHED]
        assert passwords(api, PUSHED) == outage.passwords[PUSHED]


def at(point: str) -> Callable[[int, Lookout], object]:
    """The moment when the record says so."""
    return lambda _, lookout: lookout.wait(point)


def volume_holds(name: str) -> Callable[[int, Lookout], object]:
    """The moment when something appears in the environment's volume."""

    def moment(number: int, _: Lookout) -> None:
        until(f"{name} is in the volume", lambda: [*VOLUMES.glob(f"*_{place(number)}_*/{name}")], seconds=60)

    return moment


def volume_is_gone(number: int, _: Lookout) -> None:
    until("the volume's folder is gone", lambda: not folders_of([number]), seconds=60)


@pytest.fixture(scope="class")
def uncut(pr, api) -> Iterator[Mapping[str, Any]]:
    """What an environment is like whose runs were left in peace."""
    close(UNCUT)
    assert pr(UNCUT, pr_sha="first", pr_sequence=SEQUENCE).preview.get("status") == "ready"
    created = picture(api, place(UNCUT))
    assert pr(UNCUT, pr_sha="second", pr_sequence=SEQUENCE).preview.get("status") == "ready"
    yield {"created": created, "pushed": picture(api, place(UNCUT))}
    close(UNCUT)


@pytest.mark.slow
class TestRunCut:
    """A run ends with everything, at some moment of it; after the next start it is run once more."""

    @pytest.fixture
    def closed(self) -> Iterator[int]:
        """The number of a pull request that has no environment."""
        assert close(710).code == 0
        yield 710
        assert close(710).code == 0

    @pytest.mark.parametrize(
        "moment",
        [
            pytest.param(at("record"), id="recorded"),
            pytest.param(at("guardrails"), id="guardrails"),
            pytest.param(volume_holds("."), id="volume-made"),
            pytest.param(volume_holds("pgdata.unfinished"), id="database-half-made"),
            pytest.param(at("app"), id="app"),
            pytest.param(at("probe"), id="probe"),
        ],
    )
    def test_creation_is_as_without_the_cut(self, moment, closed, uncut, pr, api, record_property):
        lookout = Lookout(api, place(closed))
        with pr.start(closed, pr_sha="first", pr_sequence=SEQUENCE) as run:
            moment(closed, lookout)
            end_everything(run)
        assert sandbox().code == 0
        again = pr(closed, pr_sha="first", pr_sequence=SEQUENCE)
        record_property("phases", again.preview.get("phases"))
        assert again.preview.get("status") == "ready", again.output
        assert difference(uncut["created"], picture(api, place(closed))) == []
        add(closed, "after the cut")
        assert texts(closed) == ["after the cut"]

    @pytest.mark.parametrize("point", ["record", "data", "app", "probe"])
    def test_push_is_as_without_the_cut_and_data_survive(self, point, closed, uncut, pr, api, record_property):
        assert pr(closed, pr_sha="first", pr_sequence=SEQUENCE).preview.get("status") == "ready"
        add(closed, "kept")
        before = passwords(api, closed)
        lookout = Lookout(api, place(closed))
        with pr.start(closed, pr_sha="second", pr_sequence=SEQUENCE) as run:
            lookout.wait(point)
            end_everything(run)
        assert sandbox().code == 0
        again = pr(closed, pr_sha="second", pr_sequence=SEQUENCE)
        record_property("phases", again.preview.get("phases"))
        assert again.preview.get("status") == "ready", again.output
        assert difference(uncut["pushed"], picture(api, place(closed))) == []
        assert texts(closed) == ["kept"]
        assert passwords(api, closed) == before

    @pytest.mark.parametrize(
        "moment",
        [
            pytest.param(at("delete"), id="deletion-asked"),
            pytest.param(at("verify"), id="on-its-way"),
            pytest.param(volume_is_gone, id="volume-emptied"),
        ],
    )
    def test_close_leaves_nothing(self, moment, closed, pr, api, record_property):
        assert pr(closed, pr_sha="first", pr_sequence=SEQUENCE).preview.get("status") == "ready"
        lookout = Lookout(api, place(closed))
        with Started("pr.yml", closing(closed)) as run:
            moment(closed, lookout)
            end_everything(run)
        assert sandbox().code == 0
        again = close(closed)
        record_property("phases", again.preview.get("phases"))
        assert again.preview.get("status") in ("destroyed", "absent"), again.output
        assert left(api, closed) == []
        assert api.record(place(closed))["status"]["phase"] == "Destroyed"
