# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong around an application: its place, its database, the way in."""

from __future__ import annotations

from collections.abc import Mapping

from .cause import IMAGE, NOWHERE, Cause, answers
from .conftest import REGISTRY
from .strangers import filled_node, old_data, pod_of_a_stranger, quota_of_a_stranger, secret_of_a_stranger

PLACE_CAUSES: Mapping[str, Cause] = {
    # Its place.
    "a pod of somebody else in the quota": Cause(
        reason="QuotaExceeded",
        object="ReplicaSet/app-[a-z0-9]+",
        message="could not make its pod: it asks for pods=1, requests.cpu=20m, requests.memory=32Mi; in use are pods=2",
        hint="something besides this environment's own pods",
        around=pod_of_a_stranger,
        timeout=90,
        mended={},
    ),
    "a quota of somebody else": Cause(
        reason="QuotaExceeded",
        phase="data",
        object="Service/postgresql",
        message="exceeded quota: strangers, requested: services=1, used: services=1, limited: services=1",
        hint="something besides this environment",
        config={"databases": {"postgresql": True}},
        around=quota_of_a_stranger,
    ),
    "a node without room": Cause(
        reason="Unschedulable",
        message="asks for 950m CPU and 32Mi memory and no node has as much free (short: cpu)",
        hint="lower resources.requests in k8s-ee.yaml, or close a pull request",
        config={"resources": {"requests": {"cpu": "950m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}}},
        around=filled_node,
        timeout=60,
    ),
    "a volume that nobody makes": Cause(
        reason="VolumeNotProvisioned",
        phase="data",
        object="PersistentVolumeClaim/data-postgresql-0",
        message="of 1Gi and storage class no-such-class has no volume",
        hint="show this message to the platform's maintainer",
        config={"databases": {"postgresql": True}},
        settings=lambda _: {"preview_storage_class": "no-such-class"},
        timeout=60,
    ),
    # The database.
    "a database that does not start": Cause(
        reason="DatabaseNotReady",
        phase="data",
        object="Pod/postgresql-0",
        message="Pod/postgresql-0 ended with exit code 1",
        hint="read the log",
        exit_code=1,
        log="no program postgres on PATH",
        config={"databases": {"postgresql": True}},
        settings=lambda _: {"preview_images": {"postgresql": {"15": IMAGE}}},
        mended={"databases": {"postgresql": True}},
    ),
    "data of another version": Cause(
        reason="DatabaseNotReady",
        phase="data",
        object="Pod/postgresql-0",
        message="the data before this push is kept",
        hint="when `version` was changed, data of another version cannot be opened: change it back",
        exit_code=1,
        log="the data are of PostgreSQL 14 and the image has 15",
        config={"databases": {"postgresql": True}},
        around=old_data,
        timeout=60,
    ),
    "a database image that is not there": Cause(
        reason="ImageNotFound",
        phase="data",
        object="Pod/postgresql-0",
        message="does not exist in its registry",
        hint="check the database's `version` in k8s-ee.yaml",
        config={"databases": {"postgresql": True}},
        settings=lambda _: {"preview_images": {"postgresql": {"15": f"{REGISTRY}/platform/postgresql:none"}}},
    ),
    "a Secret that somebody else wrote": Cause(
        reason="MissingSecret",
        phase="data",
        object="Pod/postgresql-0",
        message="Secret postgresql has no key password",
        hint="something else than this product has written Secret postgresql",
        config={"databases": {"postgresql": True}},
        around=secret_of_a_stranger,
    ),
    # The way in.
    "an ingress where nothing listens": Cause(
        reason="IngressNotReached",
        phase="probe",
        object="Ingress/app",
        message="failed: nothing listens at the ingress' address (connection refused)",
        hint="show this message to the platform's maintainer",
        settings=lambda _: {"preview_https_port": NOWHERE},
        mended={},
    ),
    "an ingress that does not serve the class": Cause(
        reason="IngressNotReached",
        phase="probe",
        object="Ingress/app",
        message="answered 404: the ingress does not know this host",
        hint="show this message to the platform's maintainer",
        settings=lambda _: {"preview_ingress_class": "no-such-class"},
    ),
    "a certificate of another name": Cause(
        reason="IngressCertificate",
        phase="probe",
        object="Ingress/app",
        message="its certificate is for another name",
        hint="show this message to the platform's maintainer",
        settings=lambda _: {"preview_domain": "elsewhere.localhost"},
    ),
    "a certificate that nobody trusts": Cause(
        reason="IngressCertificate",
        phase="probe",
        object="Ingress/app",
        message="its certificate is not trusted",
        hint="show this message to the platform's maintainer",
        settings=lambda _: {"preview_ca_file": ""},
    ),
    "a login before the health path": Cause(
        reason="HealthCheckRedirects",
        phase="probe",
        object="Ingress/app",
        message="answered 302: it redirects, for example to a login",
        hint="let app.healthPath answer with a 2xx itself",
        config=answers("self.send_response(302); self.send_header('Location', '/login')"),
    ),
    "a host name that the application refuses": Cause(
        reason="HealthCheckFailed",
        phase="probe",
        object="Ingress/app",
        message="answered 400: the application does not accept this host name",
        hint="add the host of PREVIEW_URL",
        log="Invalid Host header",
        config=answers("print('Invalid Host header'); self.send_response(400)"),
    ),
    "a connection that the application drops": Cause(
        reason="IngressNotReached",
        phase="probe",
        object="Ingress/app",
        message="answered 502: the ingress got no answer from the application",
        hint="read the application's log",
        log="dropped",
        config=answers("print('dropped'); self.connection.shutdown(2); return"),
    ),
}
