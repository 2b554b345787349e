# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application prints secrets and crashes: its developer reads its log, and nobody reads a secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from .conftest import REGISTRY, Kubectl, Run, play

pytestmark = [pytest.mark.faults, pytest.mark.slow]

NUMBER = 590
PLACE = f"secretive-pr-{NUMBER}"
# Put together here, so that scanners of this repository find no token in it.
HEX = "0123456789abcdef"
TEXT = "16C7e42F292c6912E7710c838347Ae178B4a"
BASE64 = "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
OWN = "Battery/Staple horse+"
"""A value of the configuration's `env`, with what URLs and JSON write otherwise."""

# What the application prints, a line each: the text, with the secret in braces.
LINES = [
    ("github {} denied", "ghp_" + TEXT),
    ("actions {} denied", "ghs_" + TEXT),
    ("fine-grained {}", "github_pat_" + TEXT),
    ("gitlab {}", "glpat-" + TEXT[:20]),
    ("aws id {}", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY={}", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"),
    ("jwt {}", "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"),
    ("key -----BEGIN " + "PRIVATE KEY-----{}-----END " + "PRIVATE KEY-----", BASE64),
    ("GET https://ada:{}@git.example.org/x", "s3cretInUrl"),
    ("slack {}", "xoxb-" + "123456789012-abcdefghij"),
    ("POST https://hooks.slack.com/services/{}", "T0000/B0000/" + "XXXXXXXX"),
    ("google {}", "AIza" + TEXT[:35]),
    ("npm {}", "npm_" + TEXT),
    ("password={}", "hunterPassword"),
    ('{{"db_password": "{}", "port": 1}}', "hunterJson"),
    ("Authorization: Bearer {}", "hunterBearer99"),
    ("authorization: Basic {}", "aHVudGVyOmh1bnRlcg=="),
    ("smtp {{ user: 'ada', pass: '{}' }}", "hunterMailer"),
]
# What only the cluster knows: read by the program from its variables, printed in every spelling.
PROGRAM = """
import base64, json, os, sys, urllib.parse
for line in bytes.fromhex(sys.argv[1]).decode().splitlines(): print(line)
own, password = os.environ["OWN"], os.environ["PGPASSWORD"]
print("own", own, json.dumps(own), urllib.parse.quote(own, safe=""), base64.b64encode(own.encode()).decode())
print("database", password, os.environ["DATABASE_URL"], base64.b64encode(f"app:{password}".encode()).decode())
sys.exit(7)
"""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Everything that anybody can read afterwards, by where it stands."""

    runs: Mapping[str, Run]
    texts: Mapping[str, str]
    password: str


@pytest.fixture(scope="module")
def told(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    path = tmp_path_factory.mktemp("secretive") / "k8s-ee.yaml"
    path.write_text(yaml.safe_dump(configuration()))
    asked = {"pr": NUMBER, "pr_config": str(path), "pr_image": f"{REGISTRY}/demo:pr-1", "preview_timeout": 60}
    close = {"pr": NUMBER, "pr_state": "absent", "pr_project": "secretive"}
    play("pr.yml", close)
    try:
        runs = {
            "plan": play("plan.yml", asked, "-v", "--diff"),
            "run": play("pr.yml", {**asked, "pr_sha": "one"}, "-v", "--diff"),
            "run again": play("pr.yml", {**asked, "pr_sha": "two"}, "-vvv", "--diff"),
        }
        record = kubectl.json("get", "environment", "-n", "platform", PLACE)
        texts = {name: run.output for name, run in runs.items()}
        texts |= {f"preview of {name}": json.dumps(run.preview) for name, run in runs.items()}
        texts["record"] = json.dumps(record["status"])
        texts["events"] = kubectl("get", "events", "-n", PLACE, "-o", "json")
        secret = kubectl.json("get", "secret", "-n", PLACE, "postgresql")
        yield Told(runs=runs, texts=texts, password=base64.b64decode(secret["data"]["password"]).decode())
    finally:
        play("pr.yml", close)


def configuration() -> dict[str, Any]:
    """Its command holds the lines in a form that is none of a secret's, since the record holds the configuration."""
    printed = "\n".join(line.format(secret) for line, secret in LINES)
    return {
        "projectId": "secretive",
        "app": {"port": 8080, "command": ["python3", "-c", PROGRAM, printed.encode().hex()]},
        "env": {"OWN": OWN},
        "databases": {"postgresql": True},
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
    }


def spellings(value: str) -> set[str]:
    """How a program may write a value."""
    return {
        value,
        json.dumps(value)[1:-1],
        quote(value, safe=""),
        base64.b64encode(value.encode()).decode(),
        # Inside of "app:<value>", without what the neighbours colour.
        base64.b64encode(f"app:{value}".encode()).decode()[8:-4],
    }


@pytest.mark.parametrize("name", ["run", "run again"])
def test_the_log_is_told_with_all_that_is_no_secret(told: Told, name: str) -> None:
    diagnosis = told.runs[name].preview["diagnosis"]
    assert (diagnosis["reason"], diagnosis["exit_code"]) == ("CrashLoop", 7), diagnosis
    lines = diagnosis["log"].splitlines()
    assert len(lines) == len(LINES) + 2
    for line, (text, _) in zip(lines, LINES, strict=False):
        assert line.startswith(text.replace("{{", "{").partition("{}")[0].partition("-----")[0]), line
        assert "[redacted]" in line
    assert lines[-2].split() == ["own", "[redacted]", '"[redacted]"', "[redacted]", "[redacted]"]
    assert lines[-1].startswith("database [redacted] postgresql://app:[redacted]@postgresql:5432/app ")


@pytest.mark.parametrize(
    "where", ["plan", "run", "run again", "preview of run", "preview of run again", "record", "events"]
)
def test_no_secret_stands_anywhere(told: Told, where: str) -> None:
    text = told.texts[where]
    assert text
    secrets = {secret for _, secret in LINES} | spellings(OWN) | spellings(told.password)
    assert not {secret for secret in secrets if secret in text}


def test_the_configuration_is_where_its_variables_stand(told: Told, kubectl: Kubectl) -> None:
    """They are no secrets: they stand in the repository; that they are absent elsewhere shows that they were hidden."""
    record = kubectl.json("get", "environment", "-n", "platform", PLACE)
    assert OWN in json.dumps(record["spec"])
