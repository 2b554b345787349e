# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes before a container exists, in the words of real runtimes and registries."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils import image_causes
from ansible_collections.ephemeral.k8s.tests.unit.situations import (
    IMAGE,
    container,
    crashed,
    event,
    running,
    suspect,
    waiting,
)

RPC = f'failed to pull and unpack image "{IMAGE}": '


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        # containerd 1.6, 1.7, 2.x against a plain registry
        (
            f'rpc error: code = NotFound desc = {RPC}failed to resolve reference "{IMAGE}": {IMAGE}: not found',
            "ImageNotFound",
        ),
        (f"{RPC}manifest unknown: manifest unknown", "ImageNotFound"),
        (f"{RPC}name unknown: repository name not known to registry", "ImageNotFound"),
        # Docker Hub, GHCR, ECR
        (f"{RPC}pull access denied, repository does not exist or may require authorization", "ImagePullDenied"),
        (
            f"{RPC}failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
            "ImagePullDenied",
        ),
        (
            f"{RPC}unexpected status from HEAD request to https://ghcr.io/v2/a/manifests/b: 403 Forbidden",
            "ImagePullDenied",
        ),
        (f"{RPC}no basic auth credentials", "ImagePullDenied"),
        (f"{RPC}insufficient_scope: authorization failed", "ImagePullDenied"),
        ("toomanyrequests: You have reached your pull rate limit", "RegistryRateLimited"),
        (f"{RPC}unexpected status code: 429 Too Many Requests", "RegistryRateLimited"),
        # no way to the registry
        (
            f"{RPC}failed to do request: Head: dial tcp: lookup r.example on 10.96.0.10:53: no such host",
            "RegistryUnreachable",
        ),
        (f"{RPC}dial tcp 127.0.0.1:5000: connect: connection refused", "RegistryUnreachable"),
        (f"{RPC}dial tcp 10.0.0.1:443: i/o timeout", "RegistryUnreachable"),
        (f"{RPC}failed to authorize: failed to fetch anonymous token: dial tcp: no such host", "RegistryUnreachable"),
        (f"{RPC}unexpected status: 503 Service Unavailable", "RegistryUnreachable"),
        (f"{RPC}http: server gave HTTP response to HTTPS client", "RegistryInsecure"),
        (f"{RPC}tls: failed to verify certificate: x509: certificate signed by unknown authority", "RegistryInsecure"),
        # the image itself
        (f"{RPC}no match for platform in manifest: not found", "ImageArchitecture"),
        ("no matching manifest for linux/arm64 in the manifest list entries", "ImageArchitecture"),
        (f"{RPC}write /var/lib/containerd/x: no space left on device", "NodeDiskFull"),
        (f"{RPC}something new", "ImagePullFailed"),
    ],
)
@pytest.mark.parametrize("waits", ["ErrImagePull", "ImagePullBackOff"])
def test_a_failed_pull_is_told_by_the_words_of_the_registry(error: str, reason: str, waits: str) -> None:
    found = image_causes.pull(suspect(waiting(waits, error)))
    assert found is not None
    assert found.reason == reason
    assert found.message.startswith("Pod/app-7d9c-x cannot start: ")
    assert IMAGE in found.message


def test_while_the_kubelet_backs_off_the_event_tells() -> None:
    events = (
        event("BackOff", f'Back-off pulling image "{IMAGE}"'),
        event("Failed", f'Failed to pull image "{IMAGE}": {RPC}{IMAGE}: not found'),
    )
    found = image_causes.pull(suspect(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'), events=events))
    assert found is not None
    assert found.reason == "ImageNotFound"


def test_words_in_the_name_of_the_image_decide_nothing() -> None:
    image = "registry.example/unauthorized-denied:pr-7"
    found = image_causes.pull(
        suspect(waiting("ErrImagePull", f'pull "{image}": {image}: not found'), spec=container(image=image))
    )
    assert found is not None
    assert found.reason == "ImageNotFound"


def test_the_image_of_a_database_is_not_the_repositorys_to_push() -> None:
    for error in (f"{IMAGE}: not found", "something new"):
        found = image_causes.pull(suspect(waiting("ErrImagePull", error), component="database"))
        assert found is not None
        assert "`version`" in found.hint
        assert "image.repository" not in found.hint


def test_a_name_that_is_no_image_name() -> None:
    status = waiting("InvalidImageName", "couldn't parse image name")
    found = image_causes.invalid_name(suspect(status, spec=container(image="Registry/Shop:pr-7")))
    assert found is not None
    assert "'Registry/Shop:pr-7' is not a valid image name" in found.message


@pytest.mark.parametrize(
    ("message", "reason", "said"),
    [
        ('secret "app-env" not found', "MissingSecret", "Secret app-env is not there"),
        ('configmap "settings" not found', "MissingConfigMap", "ConfigMap settings is not there"),
        (
            "couldn't find key API_KEY in Secret shop-pr-7/app-env",
            "MissingVariable",
            "Secret app-env has no key API_KEY",
        ),
        ("couldn't find key A in ConfigMap shop-pr-7/settings", "MissingVariable", "ConfigMap settings has no key A"),
    ],
)
def test_a_setting_that_is_not_there(message: str, reason: str, said: str) -> None:
    found = image_causes.missing_setting(suspect(waiting("CreateContainerConfigError", message)))
    assert found is not None
    assert found.reason == reason
    assert said in found.message


@pytest.mark.parametrize(("kind", "field"), [("Secret", "secrets"), ("ConfigMap", "env")])
def test_a_missing_variable_is_added_where_its_like_comes_from(kind: str, field: str) -> None:
    found = image_causes.missing_setting(
        suspect(waiting("CreateContainerConfigError", f"couldn't find key API_KEY in {kind} shop-pr-7/x"))
    )
    assert found is not None
    assert field in found.hint


@pytest.mark.parametrize(
    ("message", "volumes", "said"),
    [
        (
            'MountVolume.SetUp failed for volume "auth" : references non-existent secret key: password',
            [{"name": "auth", "secret": {"secretName": "postgresql"}}],
            "Secret postgresql has no key password",
        ),
        (
            'MountVolume.SetUp failed for volume "start" : references non-existent config key: start.sh',
            [{"name": "start", "configMap": {"name": "postgresql-start"}}],
            "ConfigMap postgresql-start has no key start.sh",
        ),
        (
            'MountVolume.SetUp failed for volume "auth" : references non-existent secret key: password',
            [],
            "Secret auth has no key password",
        ),
    ],
)
def test_a_file_that_a_secret_does_not_have_is_named(message: str, volumes: list[dict[str, str]], said: str) -> None:
    accused = suspect(events=(event("FailedMount", message),))
    accused.object["spec"]["volumes"] = volumes
    found = image_causes.missing_setting(accused)
    assert found is not None
    assert said in found.message


def test_the_secret_of_a_database_is_not_the_repositorys_to_fill() -> None:
    told = waiting("CreateContainerConfigError", "couldn't find key url in Secret shop-pr-7/postgresql")
    found = image_causes.missing_setting(suspect(told))
    assert found is not None
    assert found.reason == "MissingSecret"
    assert "maintainer" in found.hint
    assert "`secrets`" not in found.hint


def test_a_secret_that_should_be_mounted_and_is_not_there() -> None:
    told = event("FailedMount", 'MountVolume.SetUp failed for volume "keys" : secret "keys" not found')
    found = image_causes.missing_setting(suspect(events=(told,)))
    assert found is not None
    assert found.reason == "MissingSecret"


@pytest.mark.parametrize(
    ("message", "reason", "hint"),
    [
        ('container has runAsNonRoot and image will run as root (pod: "x", container: app)', "RunsAsRoot", "app.uid"),
        ("container's runAsUser breaks non-root policy", "RunsAsRoot", "above 0"),
        (
            "container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root",
            "UserNotNumeric",
            "USER 1001",
        ),
    ],
)
def test_an_image_that_would_run_as_root(message: str, reason: str, hint: str) -> None:
    found = image_causes.root_user(suspect(waiting("CreateContainerConfigError", message)))
    assert found is not None
    assert found.reason == reason
    assert hint in found.hint


def test_any_other_fault_in_the_settings_is_told_in_the_kubelets_words() -> None:
    found = image_causes.config_error(suspect(waiting("CreateContainerConfigError", "something\n new")))
    assert found is not None
    assert found.message.endswith("cannot start: something new")


@pytest.mark.parametrize(
    "cause",
    [
        image_causes.invalid_name,
        image_causes.pull,
        image_causes.missing_setting,
        image_causes.root_user,
        image_causes.config_error,
    ],
)
def test_a_container_that_exists_is_none_of_these(cause: object) -> None:
    assert callable(cause)
    stale = (
        event("FailedMount", 'secret "keys" not found'),
        event("Failed", f"Failed to pull image {IMAGE}: not found"),
    )
    assert cause(suspect(running(), events=stale)) is None
    assert cause(suspect(crashed(1), events=stale)) is None
