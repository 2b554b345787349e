# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that the charts are given."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.charts import (
    RenderContext,
    app_values,
    database_values,
    render_app,
    render_databases,
)
from ansible_collections.ephemeral.k8s.plugins.module_utils.config import Config
from ansible_collections.ephemeral.k8s.plugins.module_utils.databases import Database
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity


class FakeRenderer:
    """Notes what it is asked."""

    def __init__(self):
        self.asked = []

    def template(self, chart, *, release, namespace, values):
        self.asked.append((chart, release, namespace, values))
        return [{"kind": "Deployment", "metadata": {"name": release}}]


def config(**changes: Any) -> Config:
    return Config.parse({"projectId": "shop", **changes})


def context(**changes: Any) -> RenderContext:
    given: dict[str, Any] = {
        "identity": Identity(project="shop", pr=7),
        "labels": {"k8s-ee/pr": "7"},
        "image": "shop:pr-7",
        "sha": "0b5cbb7ae1a3",
        "branch": "main",
        "url": "https://shop-pr-7.example.org:8443",
        "domain": "example.org",
    }
    return RenderContext(**{**given, **changes})


def environment(values):
    return {variable["name"]: variable.get("value") for variable in values["env"]}


def postgresql(**changes: Any) -> Database:
    return Database(**{"kind": "postgresql", "version": "15", "storage_bytes": None, **changes})


class TestApplication:
    """Values of k8s-ee-app."""

    def test_is_given_what_it_needs_to_know_of_itself(self):
        assert environment(app_values(config(app={"port": 8080}), context())) == {
            "PORT": "8080",
            "PR_NUMBER": "7",
            "COMMIT_SHA": "0b5cbb7ae1a3",
            "BRANCH_NAME": "main",
            "APP_VERSION": "pr-7-0b5cbb7",
            "PREVIEW_URL": "https://shop-pr-7.example.org:8443",
        }

    def test_has_no_url_without_ingress(self):
        values = app_values(config(ingress={"enabled": False}), context(url=None))
        assert "PREVIEW_URL" not in environment(values)
        assert values["ingress"]["enabled"] is False

    def test_variables_of_databases_come_first_so_that_others_may_refer_to_them(self):
        values = app_values(config(databases={"postgresql": True}, env={"DSN": "$(DATABASE_URL)?pool=5"}), context())
        names = [variable["name"] for variable in values["env"]]
        assert names.index("DATABASE_URL") < names.index("PORT") < names.index("DSN")
        assert environment(values)["DSN"] == "$(DATABASE_URL)?pool=5"

    @pytest.mark.parametrize(
        ("written", "given"),
        [
            ("$(PREVIEW_URL)/x", "$(PREVIEW_URL)/x"),
            ("$(OTHER)", "$$(OTHER)"),
            ("pa$$word", "pa$$$$word"),
            ("$$(PORT)", "$$$(PORT)"),
            ("$(PGPASSWORD)", "$$(PGPASSWORD)"),
        ],
    )
    def test_a_dollar_is_literal_unless_it_names_a_variable_that_is_there(self, written, given):
        assert environment(app_values(config(env={"A": written}), context()))["A"] == given

    @pytest.mark.parametrize("branch", ["$(PGPASSWORD)", "$(PORT)", "a$b", "`x` | <b> \n 'y'"])
    def test_a_branch_name_is_never_expanded(self, branch):
        values = app_values(config(databases={"postgresql": True}), context(branch=branch))
        assert environment(values)["BRANCH_NAME"].replace("$$", "$") == branch
        assert "$(" not in environment(values)["BRANCH_NAME"].replace("$$", "")

    def test_every_field_of_the_configuration_reaches_the_chart(self):
        values = app_values(
            config(
                app={
                    "port": 80,
                    "healthPath": "/up",
                    "metricsPath": "/metrics",
                    "command": ["run", "it"],
                    "uid": 2000,
                    "replicas": 2,
                    "writableDirs": ["/data"],
                },
                resources={
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "1500m", "memory": "1Gi"},
                },
            ),
            context(ingress_class="nginx"),
        )
        assert values["port"] == 80
        assert values["healthPath"] == "/up"
        assert values["metrics"] == {"path": "/metrics", "enabled": False}
        assert values["command"] == ["run", "it"]
        assert values["uid"] == 2000
        assert values["replicas"] == 2
        assert values["writableDirs"] == ["/data"]
        assert values["resources"] == {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"cpu": "1500m", "memory": "1Gi"},
        }
        assert values["ingress"] == {
            "enabled": True,
            "className": "nginx",
            "host": "shop-pr-7.example.org",
            "annotations": {},
        }

    def test_is_rendered_from_its_chart_under_its_fixed_name(self):
        renderer = FakeRenderer()
        assert len(render_app(renderer, "/charts", config(), context())) == 1
        ((chart, release, namespace, values),) = renderer.asked
        assert (chart, release, namespace) == ("/charts/k8s-ee-app", "app", "shop-pr-7")
        assert values["image"] == "shop:pr-7"
        assert values["podAnnotations"] == {"k8s-ee/commit": "0b5cbb7ae1a3"}


class TestDatabases:
    """Values of the databases' charts."""

    def test_none_means_nothing_is_rendered(self):
        renderer = FakeRenderer()
        assert render_databases(renderer, "/charts", config(), context()) == []
        assert renderer.asked == []

    def test_chart_release_and_secret_have_the_name_of_the_kind(self):
        renderer = FakeRenderer()
        render_databases(renderer, "/charts", config(databases={"postgresql": True}), context())
        ((chart, release, namespace, values),) = renderer.asked
        assert (chart, release, namespace) == ("/charts/postgresql", "postgresql", "shop-pr-7")
        assert values["auth"] == {"existingSecret": "postgresql"}

    def test_sizes_come_from_the_table_and_storage_from_the_configuration(self):
        values = database_values(postgresql(storage_bytes=5 * 2**30), context(storage_class="fast"))
        assert values["resources"] == {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "512Mi"},
        }
        assert values["storage"] == {"size": "5Gi", "className": "fast"}

    def test_storage_that_nobody_sized_has_the_table_s_size(self):
        assert database_values(postgresql(), context())["storage"]["size"] == "1Gi"

    @pytest.mark.parametrize(
        ("images", "image"),
        [
            ({}, "docker.io/library/postgres:15"),
            ({"postgresql": {"14": "mine:14"}}, "docker.io/library/postgres:15"),
            ({"postgresql": {"15": "mine:15"}}, "mine:15"),
            ({"postgresql": {15: "mine:15"}}, "mine:15"),
            ({"postgresql": None}, "docker.io/library/postgres:15"),
        ],
    )
    def test_the_inventory_s_image_goes_before_the_official_one(self, images, image):
        assert database_values(postgresql(), context(images=images))["image"] == image

    def test_a_kind_that_is_not_served_is_refused_by_name(self):
        with pytest.raises(RefusedError, match=r"not yet supported: databases\.redis"):
            database_values(Database(kind="redis", version="7.2", storage_bytes=None), context())
