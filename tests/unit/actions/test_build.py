# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building a pull request's image: what buildah is told, and what it and strangers never see."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from build.image import Image, Recipe, Repository, build_command
from preview.variables import InputError

from .job_reader import obeyed, read_outputs

ROOT = Path(__file__).resolve().parents[3]
SHA = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "d" * 64
PASSWORD = "hunter2-hunter2"
BUILDAH = f"""#!/bin/sh
echo "$*" >> "$HOME/commands"
env | cut -d= -f1 > "$HOME/names"
cat "$DOCKER_CONFIG/config.json" > "$HOME/auth"
stat -c %a "$DOCKER_CONFIG" "$DOCKER_CONFIG/config.json" > "$HOME/modes"
echo "STEP 1: ::add-path::/tmp/evil"
echo "::add-path::/tmp/evil {PASSWORD}"
while [ $# -gt 0 ]; do
    [ "$1" != --digestfile ] || echo {DIGEST} > "$2"
    shift
done
[ ! -e "$HOME/fails" ]
"""
INPUTS = {
    "PR": "7",
    "SHA": SHA,
    "SOURCE": "source",
    "CONFIG": "k8s-ee.yaml",
    "PROJECT": "shop",
    "CONTEXT": ".",
    "DOCKERFILE": "Dockerfile",
    "REPOSITORY": "",
    "REGISTRY": "",
    "TARGET": "",
    "ARGUMENTS": "",
    "CACHE": "registry",
    "SBOM": "false",
    "SCAN": "false",
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A builder with a buildah that only writes down what it is told."""

    folder: Path

    def program(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(script)
        path.chmod(0o755)

    def start(self, **inputs: str) -> subprocess.Popen[str]:
        asked = {f"INPUT_{name}": value for name, value in {**INPUTS, **inputs}.items()}
        return subprocess.Popen(
            [sys.executable, ROOT / ".github/actions/build/build.py"],
            env={
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "TMPDIR": str(self.folder / "temp"),
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_WORKSPACE": str(self.folder),
                "GITHUB_REPOSITORY": "Acme/shop",
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_TOKEN": "of-the-job",
                "REGISTRY_USERNAME": "ada",
                "REGISTRY_PASSWORD": PASSWORD,
                **asked,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, **inputs: str) -> tuple[int, str]:
        process = self.start(**inputs)
        try:
            log, _ = process.communicate(timeout=30)
        finally:
            process.kill()
        return process.returncode, log

    def wrote(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("bin", "temp", "source"):
        (tmp_path / name).mkdir()
    (tmp_path / "source/Dockerfile").touch()
    (tmp_path / "output").touch()
    made = Bench(folder=tmp_path)
    made.program("buildah", BUILDAH)
    return made


def test_it_is_built_once_and_pushed_by_commit_and_by_number(bench: Bench) -> None:
    code, log = bench.run()
    assert code == 0, log
    build, *pushes = bench.wrote("commands")
    assert build.startswith("bud --layers --pull --format oci --tag localhost/build-pr-7-")
    assert build.endswith(f"{bench.folder}/source")
    assert [push.split()[-1] for push in pushes] == [
        f"docker://ghcr.io/acme/shop:pr-7-{SHA}",
        "docker://ghcr.io/acme/shop:pr-7",
    ]


def test_what_is_deployed_is_the_digest(bench: Bench) -> None:
    bench.run()
    assert read_outputs(bench.folder / "output") == {
        "image": f"ghcr.io/acme/shop@{DIGEST}",
        "digest": DIGEST,
        "sbom": "",
    }


def test_the_login_is_in_a_private_file_and_goes_with_the_step(bench: Bench) -> None:
    bench.run()
    login = json.loads("".join(bench.wrote("auth")))["auths"]["ghcr.io"]["auth"]
    assert base64.b64decode(login).decode() == f"ada:{PASSWORD}"
    assert bench.wrote("modes") == ["700", "600"]
    assert list((bench.folder / "temp").iterdir()) == []


def test_buildah_sees_no_credential_of_the_job(bench: Bench) -> None:
    bench.run()
    names = set(bench.wrote("names"))
    assert {"PATH", "BUILDAH_ISOLATION"} <= names
    assert not {name for name in names if name.startswith(("GITHUB_", "INPUT_", "REGISTRY_", "ACTIONS_"))}


def test_what_a_dockerfile_prints_is_no_command_and_shows_no_password(bench: Bench) -> None:
    _, log = bench.run()
    assert [name for name, _ in obeyed(log) if name not in ("group", "endgroup")] == ["add-mask"]
    shown = log.replace(f"::add-mask::{PASSWORD}", "")
    assert "::add-path::/tmp/evil ***" in shown
    assert PASSWORD not in shown


def test_a_build_that_fails_ends_with_1_and_pushes_nothing(bench: Bench) -> None:
    (bench.folder / "fails").touch()
    code, log = bench.run()
    assert code == 1
    assert ("error", "Build: buildah ended with 1") in obeyed(log)
    assert len(bench.wrote("commands")) == 1


def test_a_missing_program_is_named(bench: Bench) -> None:
    code, log = bench.run(SBOM="true")
    assert code == 1
    assert ("error", "Bill of materials: syft ended with 127") in obeyed(log)


def test_a_bill_of_materials_and_a_scan_look_at_the_digest(bench: Bench) -> None:
    for name in ("syft", "trivy"):
        bench.program(name, f'#!/bin/sh\necho "{name} $*" >> "$HOME/commands"\n')
    code, log = bench.run(SBOM="true", SCAN="true")
    assert code == 0, log
    path = f"{bench.folder}/pr-7-{SHA}.spdx.json"
    assert bench.wrote("commands")[-2:] == [
        f"syft scan registry:ghcr.io/acme/shop@{DIGEST} -o spdx-json={path}",
        f"trivy image --severity HIGH,CRITICAL --ignore-unfixed --exit-code 1 ghcr.io/acme/shop@{DIGEST}",
    ]
    assert read_outputs(bench.folder / "output")["sbom"] == path


def test_a_cancelled_build_ends_what_it_started(bench: Bench) -> None:
    bench.program("buildah", '#!/bin/sh\necho $$ > "$HOME/pid.new"; mv "$HOME/pid.new" "$HOME/pid"\nsleep 60 & wait\n')
    process = bench.start()
    deadline = time.monotonic() + 20
    while not (bench.folder / "pid").exists():
        assert time.monotonic() < deadline, "buildah never began"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    log, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert ("error", "the step was asked to stop (SIGINT)") in obeyed(log)
    assert not Path(f"/proc/{bench.wrote('pid')[0]}").exists()
    assert list((bench.folder / "temp").iterdir()) == []


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"PR": "0"}, "pr is '0'; give the number"),
        ({"PR": "7\n8"}, "pr is "),
        ({"SHA": "main"}, "sha is 'main'; give the commit's 40 hexadecimal digits"),
        ({"CONTEXT": ".."}, "context is '..', which leads out of source/"),
        ({"CONTEXT": "/etc"}, "context is '/etc', which leads out of source/"),
        ({"CONTEXT": "link"}, "context is 'link', which leads out of source/"),
        ({"CONTEXT": "nothing"}, "context is 'nothing', which is no folder"),
        ({"DOCKERFILE": "nothing"}, "dockerfile is 'nothing', which is no file"),
        ({"CONFIG": "../k8s-ee.yaml"}, "config is '../k8s-ee.yaml', which leads out of source/"),
        ({"TARGET": "--volume=/:/host"}, "target is '--volume=/:/host'; give the name of a stage"),
        ({"ARGUMENTS": "NAME=1\n--privileged"}, "arguments has the line '--privileged'"),
        ({"ARGUMENTS": "REGISTRY_PASSWORD"}, "arguments has the line 'REGISTRY_PASSWORD'; write NAME=value"),
        ({"CACHE": "yes"}, "cache is 'yes'; write registry or none"),
        ({"PROJECT": "--all"}, "'ghcr.io/acme/--all' names no repository"),
        ({"REPOSITORY": "acme/shop"}, "'acme/shop' names no repository"),
        ({"REPOSITORY": "ghcr.io/acme/shop:latest"}, "'ghcr.io/acme/shop:latest' names no repository"),
    ],
)
def test_an_input_that_cannot_be_used_is_refused_before_anything_runs(
    bench: Bench, inputs: dict[str, str], says: str
) -> None:
    (bench.folder / "source/link").symlink_to("/etc")
    code, log = bench.run(**inputs)
    assert code == 2
    assert says in log
    assert bench.wrote("commands") == []


@pytest.fixture
def recipe(bench: Bench) -> Callable[..., list[str]]:
    """What buildah is told with some inputs changed."""

    def told(*, insecure: bool = False, **inputs: str) -> list[str]:
        asked = {name.lower(): value for name, value in {**INPUTS, **inputs}.items()}
        image = Image.of(
            Repository.of(given=asked["repository"], registry="", owner="acme", project="shop"), pr="7", sha=SHA
        )
        return build_command(
            Recipe.of(asked, bench.folder, "https://github.com/acme/shop"),
            image,
            name="here",
            authfile=Path("/auth"),
            insecure=insecure,
        )

    return told


def test_target_and_arguments_reach_the_build(recipe: Callable[..., list[str]]) -> None:
    told = recipe(TARGET="release", ARGUMENTS="A=1\n\n  B=two words; $(id)  \n")
    assert told[told.index("--target") + 1] == "release"
    assert [told[at + 1] for at, each in enumerate(told) if each == "--build-arg"] == ["A=1", "B=two words; $(id)"]


def test_layers_are_kept_beside_the_image_unless_a_stranger_builds(recipe: Callable[..., list[str]]) -> None:
    told = recipe()
    assert told[told.index("--cache-to") + 1] == told[told.index("--cache-from") + 1] == "ghcr.io/acme/shop/cache"
    assert not [each for each in recipe(CACHE="none") if each.startswith("--cache")]


def test_only_the_runner_says_which_registry_is_without_tls(recipe: Callable[..., list[str]]) -> None:
    assert "--tls-verify=false" in recipe(insecure=True)
    assert "--tls-verify=false" not in recipe()


def test_the_image_says_of_which_commit_it_is(recipe: Callable[..., list[str]]) -> None:
    labels = [each for each in recipe() if each.startswith("org.opencontainers")]
    assert labels == [
        f"org.opencontainers.image.revision={SHA}",
        "org.opencontainers.image.source=https://github.com/acme/shop",
    ]


@pytest.mark.parametrize(
    ("given", "registry", "name"),
    [
        ("", "", "ghcr.io/acme/shop"),
        ("", "registry.localhost:5000", "registry.localhost:5000/shop"),
        ("", "registry.example.org/team/", "registry.example.org/team/shop"),
        ("ghcr.io/acme/web", "registry.example.org", "ghcr.io/acme/web"),
    ],
)
def test_the_image_is_named_by_the_configuration_the_registry_or_the_owner(
    given: str, registry: str, name: str
) -> None:
    assert str(Repository.of(given=given, registry=registry, owner="ACME", project="shop")) == name


def test_a_name_without_a_registry_is_refused() -> None:
    with pytest.raises(InputError):
        Repository.of(given="shop", registry="", owner="acme", project="shop")
