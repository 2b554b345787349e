# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the charts render, for every shape of environment and for people who use them alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.charts import RenderContext, render_app, render_databases
from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity, labels

pytestmark = pytest.mark.helm

CHARTS = str(Path(__file__).resolve().parents[3] / "charts")
IDENTITY = Identity(project="shop", pr=7)
COMMIT = "0b5cbb7ae1a3c8a4b0fb9ffb2b0b0b3b3b1b1b1b"

SHAPES: dict[str, dict[str, Any]] = {
    "minimal": {},
    "env": {"env": {"FEATURES": "yes", "SINCE": "2020-01-01", "CALLBACK": "$(PREVIEW_URL)/done", "PRICE": "$5 $(x)"}},
    "resources": {
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
    },
    "writable-dirs": {"app": {"writableDirs": ["/app/cache", "/var/lib/app"]}},
    "command": {"app": {"command": ["python3", "-m", "shop", "--verbose"], "uid": 2000}},
    "replicas": {"app": {"replicas": 3}},
    "low-port": {"app": {"port": 80, "healthPath": "/"}},
    "metrics-path": {"app": {"metricsPath": "/metrics"}},
    "no-ingress": {"ingress": {"enabled": False}},
    "annotated-ingress": {
        "ingress": {"annotations": {"traefik.ingress.kubernetes.io/service.serversscheme": "h2c"}},
    },
    "postgresql": {"databases": {"postgresql": True}},
    "postgresql-sized": {"databases": {"postgresql": {"version": "16", "storage": "5Gi"}}},
}


def context(**changes: Any) -> RenderContext:
    given: dict[str, Any] = {
        "identity": IDENTITY,
        "labels": labels(IDENTITY, 4711),
        "image": "registry.example.org/shop:pr-7",
        "sha": COMMIT,
        "branch": "feat/odd $(PGPASSWORD)",
        "url": "https://shop-pr-7.preview.example.org",
        "domain": "preview.example.org",
    }
    return RenderContext(**{**given, **changes})


def rendered(helm, shape, **changes):
    config = Config.parse({"projectId": "shop", **SHAPES[shape]})
    if not config.ingress.enabled:
        changes["url"] = None
    asked = context(**changes)
    return (*render_databases(helm, CHARTS, config, asked), *render_app(helm, CHARTS, config, asked))


def pod_templates(manifests):
    return [m["spec"]["template"] for m in manifests if m["kind"] in ("Deployment", "StatefulSet")]


def one(manifests, kind):
    (found,) = (m for m in manifests if m["kind"] == kind)
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(helm, golden, shape):
    golden(f"charts/{shape}.yaml", rendered(helm, shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pod_passes_the_restricted_level_and_carries_our_labels(helm, shape):
    manifests = rendered(helm, shape)
    templates = pod_templates(manifests)
    assert templates
    for template in templates:
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["readOnlyRootFilesystem"] is True
            assert set(container["resources"]) == {"requests", "limits"}
        allowed = {"emptyDir", "secret", "configMap", "name"}
        assert all(set(volume) <= allowed for volume in pod["volumes"])
        assert all(volume["emptyDir"].get("sizeLimit") for volume in pod["volumes"] if "emptyDir" in volume)
    for carrier in (*manifests, *templates):
        assert labels(IDENTITY, 4711).items() <= carrier["metadata"]["labels"].items()
        assert carrier["metadata"].get("namespace", IDENTITY.namespace) == IDENTITY.namespace


def test_a_new_commit_starts_new_application_pods_and_leaves_the_database_alone(helm):
    before = rendered(helm, "postgresql")
    after = rendered(helm, "postgresql", sha="f" * 40, branch="other")
    assert one(before, "Deployment")["spec"]["template"] != one(after, "Deployment")["spec"]["template"]
    assert one(before, "StatefulSet") == one(after, "StatefulSet")


def test_no_manifest_holds_a_credential(helm):
    manifests = rendered(helm, "postgresql")
    assert "Secret" not in [m["kind"] for m in manifests]
    (container,) = one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    from_secret = {v["name"]: v["valueFrom"]["secretKeyRef"]["key"] for v in container["env"] if "valueFrom" in v}
    assert from_secret["PGPASSWORD"] == "password"
    assert from_secret["DATABASE_URL"] == "url"


@pytest.mark.parametrize(
    ("image", "policy"),
    [("shop:pr-7", "Always"), ("shop", "Always"), (f"shop@sha256:{'a' * 64}", "IfNotPresent")],
)
def test_only_a_digest_may_be_taken_from_the_node(helm, image, policy):
    (container,) = one(rendered(helm, "minimal", image=image), "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["imagePullPolicy"] == policy


def test_another_ingress_class_gets_no_annotations_of_traefik(helm):
    ingress = one(rendered(helm, "minimal", ingress_class="nginx"), "Ingress")
    assert "annotations" not in ingress["metadata"]
    assert ingress["spec"]["tls"] == [{"hosts": ["shop-pr-7.preview.example.org"]}]


class TestAlone:
    """`helm install` without this collection."""

    def test_the_application_brings_its_service_account(self, helm, golden):
        values = {"image": "ghcr.io/acme/shop:1", "imagePullSecrets": ["ghcr"], "priorityClassName": "low"}
        golden(
            "charts/alone-app.yaml", helm.template(f"{CHARTS}/k8s-ee-app", release="web", namespace="n", values=values)
        )

    def test_a_worker_has_neither_service_nor_probe_nor_ingress(self, helm):
        values = {"image": "worker:1", "port": 0, "ingress": {"enabled": True, "host": "a.example.org"}}
        manifests = helm.template(f"{CHARTS}/k8s-ee-app", release="worker", namespace="n", values=values)
        assert {m["kind"] for m in manifests} == {"Deployment", "ServiceAccount"}
        (container,) = one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
        assert not {"ports", "startupProbe", "readinessProbe"} & set(container)

    def test_the_database_makes_a_password(self, helm, golden):
        manifests = helm.template(f"{CHARTS}/postgresql", release="db", namespace="n", values={})
        secret = one(manifests, "Secret")["stringData"]
        assert len(secret["password"]) == 32
        assert secret["url"] == f"postgresql://app:{secret['password']}@db:5432/app"
        secret["url"] = secret["url"].replace(secret["password"], "…")
        secret["password"] = "…"
        golden("charts/alone-postgresql.yaml", manifests)

    @pytest.mark.parametrize(
        ("chart", "values", "named"),
        [
            ("k8s-ee-app", {}, "image is required"),
            ("k8s-ee-app", {"image": "a", "ingress": {"enabled": True}}, "ingress.host is required"),
            ("k8s-ee-app", {"image": "a", "port": "80"}, "/port"),
            ("k8s-ee-app", {"image": "a", "uid": 0}, "/uid"),
            ("k8s-ee-app", {"image": "a", "prot": 80}, "prot"),
            ("k8s-ee-app", {"image": "a", "env": [{"value": "nameless"}]}, "/env/0"),
            ("postgresql", {"auth": {"username": "postgres"}}, "/auth/username"),
            ("postgresql", {"storage": {"size": "much"}}, "/storage/size"),
        ],
    )
    def test_a_value_that_cannot_be_is_refused_in_one_line(self, helm, chart, values, named):
        with pytest.raises(RefusedError) as refused:
            helm.template(f"{CHARTS}/{chart}", release="x", namespace="n", values=values)
        assert named in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_a_folder_without_charts_names_the_option(self, helm, tmp_path):
        for folder in (tmp_path, tmp_path / "missing"):
            with pytest.raises(RefusedError, match="preview_charts"):
                helm.template(str(folder), release="x", namespace="n", values={})
