# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing a closed pull request's images: its own go, and nothing that anybody else names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from build.credentials import Login
from build.ecr import Ecr, signed
from build.image import Repository, is_of
from build.registries import Distribution, GitHubPackages, Registry, Version
from build.removal import doomed, project_of, registry_of, remove
from build.web import RegistryError, Web
from job.log import JobLog
from preview.variables import InputError

from .fake_registries import Shelf, shelved

SHA = "0123456789abcdef0123456789abcdef01234567"
TAGS = {
    "pr-1": "sha256:new",
    f"pr-1-{SHA}": "sha256:new",
    "pr-1-" + "a" * 40: "sha256:old",
    "pr-12": "sha256:twelve",
    f"pr-12-{SHA}": "sha256:twelve",
    "latest": "sha256:main",
    "pr-1-by-hand": "sha256:hand",
}
LEFT = {"pr-12", f"pr-12-{SHA}", "latest", "pr-1-by-hand"}
LOGIN = Login(username="ada", password="hunter2-hunter2")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2-hunter2"}
AMAZON = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with shelved(Shelf(tags=dict(TAGS))) as running:
        yield running


def web() -> Web:
    return Web(sleep=lambda _: None, timeout_seconds=5)


def distribution(shelf: Shelf) -> Registry:
    return Distribution(web(), url=shelf.url, path="acme/shop", login=LOGIN)


def github(shelf: Shelf) -> Registry:
    return GitHubPackages(web(), url=shelf.url, path="acme/team/shop", login=LOGIN)


def amazon(shelf: Shelf) -> Registry:
    return Ecr(web(), host=AMAZON, path="acme/shop", environ=KEYS, url=shelf.url)


KINDS = pytest.mark.parametrize("kind", [distribution, github, amazon])


def removed(registry: Registry, pr: str = "1") -> None:
    for version in doomed(list(registry.versions()), pr)[0]:
        registry.remove(version)


@KINDS
def test_every_tag_of_the_pull_request_goes_and_no_other(kind: Any, shelf: Shelf) -> None:
    removed(kind(shelf))
    assert set(shelf.tags) == LEFT


@KINDS
def test_a_second_time_there_is_nothing_to_do(kind: Any, shelf: Shelf) -> None:
    removed(kind(shelf))
    shelf.asked.clear()
    removed(kind(shelf))
    assert set(shelf.tags) == LEFT
    assert not [method for method, path, _ in shelf.asked if method == "DELETE" or "BatchDelete" in path]


@KINDS
def test_a_registry_that_is_busy_for_a_while_is_asked_again(kind: Any, shelf: Shelf) -> None:
    shelf.failures = [503, 429, 500]
    removed(kind(shelf))
    assert set(shelf.tags) == LEFT


@KINDS
def test_what_went_between_the_list_and_the_removal_is_no_error(kind: Any, shelf: Shelf) -> None:
    registry = kind(shelf)
    alone, _ = doomed(list(registry.versions()), "1")
    shelf.tags = {tag: digest for tag, digest in TAGS.items() if tag in LEFT}
    for version in alone:
        registry.remove(version)
    assert set(shelf.tags) == LEFT


@pytest.mark.parametrize("kind", [distribution, github])
def test_an_image_that_another_tag_names_too_stays(kind: Any, shelf: Shelf) -> None:
    shelf.tags["v1"] = "sha256:new"
    removed(kind(shelf))
    assert set(shelf.tags) == {*LEFT, "v1", "pr-1", f"pr-1-{SHA}"}


def test_a_protected_registry_gives_a_token_for_the_login(shelf: Shelf) -> None:
    shelf.protected = True
    removed(distribution(shelf))
    assert set(shelf.tags) == LEFT
    logins = {headers.get("authorization") for _, path, headers in shelf.asked if path.startswith("/token")}
    assert logins == {f"Basic {LOGIN.basic}"}


def test_a_login_goes_to_no_place_in_clear_that_the_registry_points_at(shelf: Shelf) -> None:
    shelf.protected = True
    registry = Distribution(web(), url=shelf.url, path="acme/shop", login=LOGIN)
    # A registry that is somebody else's would point at a place of his.
    shelf.url = "http://127.0.0.1:1"
    with pytest.raises(RegistryError, match="401"):
        removed(registry)


def test_a_registry_that_deletes_nothing_says_what_to_enable(shelf: Shelf) -> None:
    shelf.deletes = False
    with pytest.raises(RegistryError, match=r"the registry deletes nothing; enable it there"):
        removed(distribution(shelf))


def test_a_package_of_a_person_is_found_too(shelf: Shelf) -> None:
    shelf.owner = "users"
    removed(github(shelf))
    assert set(shelf.tags) == LEFT


def test_a_package_that_is_not_there_has_nothing_to_remove(shelf: Shelf) -> None:
    assert list(GitHubPackages(web(), url=shelf.url, path="acme/nothing", login=LOGIN).versions()) == []
    assert list(Distribution(web(), url=shelf.url, path="acme/nothing", login=LOGIN).versions()) == []


def test_the_last_version_of_a_package_stays_and_github_says_why(shelf: Shelf) -> None:
    shelf.tags = {"pr-1": "sha256:new"}
    with pytest.raises(RegistryError, match="400 You cannot delete the last tagged version"):
        removed(github(shelf))


def test_a_request_is_signed_as_amazons_own_client_signs_it() -> None:
    """The signature is botocore 1.44's for the same request."""
    headers = signed(
        {
            "content-type": "application/x-amz-json-1.1",
            "host": "api.ecr.us-east-1.amazonaws.com",
            "x-amz-target": "T.L",
        },
        b"{}",
        region="us-east-1",
        environ={
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        },
        now=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )
    assert headers["authorization"].endswith(
        "Signature=07f8849149cc25d8da43f3a2e9914270c1c793f91072ec9e2c5f8de05fab9873"
    )


def test_a_role_s_token_is_signed_too() -> None:
    headers = signed({"host": "h"}, b"", region="r", environ={**KEYS, "AWS_SESSION_TOKEN": "t"}, now=datetime.now(UTC))
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in headers["authorization"]


def test_amazon_without_keys_is_refused() -> None:
    with pytest.raises(RegistryError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"):
        Ecr(web(), host=AMAZON, path="acme/shop", environ={})


def test_a_repository_of_amazons_that_is_not_there_is_named(shelf: Shelf) -> None:
    with pytest.raises(RegistryError, match="ListImages acme/other: 400 RepositoryNotFoundException"):
        list(Ecr(web(), host=AMAZON, path="acme/other", environ=KEYS, url=shelf.url).versions())


def test_a_registry_that_never_answers_is_one_line() -> None:
    with pytest.raises(RegistryError, match=r"GET http://127\.0\.0\.1:1/v2/a/b/tags/list\?n=100: no answer"):
        list(Distribution(web(), url="http://127.0.0.1:1", path="a/b", login=LOGIN).versions())


@pytest.mark.parametrize(
    ("host", "kind"), [("ghcr.io", GitHubPackages), (AMAZON, Ecr), ("registry.example.org", Distribution)]
)
def test_the_host_says_which_registry_it_is(host: str, kind: type) -> None:
    assert type(registry_of(Repository(host=host, path="a/b"), KEYS, web())) is kind


@pytest.mark.parametrize(
    ("tag", "ours"),
    [("pr-1", True), (f"pr-1-{SHA}", True), ("pr-12", False), ("pr-1-abc", False), ("xpr-1", False), ("pr-1\n", False)],
)
def test_a_tag_belongs_to_one_pull_request(tag: str, ours: bool) -> None:
    assert is_of(tag, "1") is ours


def test_a_version_with_a_foreign_tag_is_not_doomed() -> None:
    mixed = Version(id="1", tags=("pr-1", "latest"))
    alone = Version(id="2", tags=("pr-1-" + SHA,))
    assert doomed([mixed, alone, Version(id="3", tags=("latest",))], "1") == ([alone], [mixed])


@pytest.mark.parametrize(("namespace", "project"), [("shop-pr-1", "shop"), ("a-b-pr-1", "a-b")])
def test_a_namespace_tells_the_project(namespace: str, project: str) -> None:
    assert project_of(namespace, "1") == project


@pytest.mark.parametrize("namespace", ["", "shop-pr-12", "-pr-1", "kube-system", "shop-pr-1-x"])
def test_a_namespace_of_another_pull_request_is_refused(namespace: str) -> None:
    with pytest.raises(InputError, match="which is none of pull request 1"):
        project_of(namespace, "1")


def test_the_log_says_what_became_of_each(shelf: Shelf) -> None:
    shelf.tags["v1"] = "sha256:old"
    host = shelf.url.removeprefix("http://")
    stream = io.StringIO()
    environ = {"INPUT_PR": "1", "INPUT_REPOSITORY": f"{host}/acme/shop", "EPHEMERAL_K8S_INSECURE_REGISTRIES": host}
    remove(environ, JobLog(stream), web())
    assert f"removed pr-1, pr-1-{SHA}" in stream.getvalue()
    assert f"kept pr-1-{'a' * 40}, v1: another tag names the same image" in stream.getvalue()
    assert f"{host}/acme/shop: 1 removed, 1 kept" in stream.getvalue()
