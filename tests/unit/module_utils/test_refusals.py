# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server refuses becomes one line."""

from __future__ import annotations

import json

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.refusals import explain, unreachable

HOST = "https://10.0.0.1:6443"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("[Errno 111] Connection refused"), "connection refused"),
        (OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), "not signed by the kubeconfig's CA"),
        (OSError("Connection to 10.0.0.1 timed out. (connect timeout=5.0)"), "timed out"),
        (OSError("[Errno -2] Name or service not known"), "its name does not resolve"),
        (OSError("something\nelse"), "something else"),
        (OSError(), "OSError"),
    ],
)
def test_no_answer_names_the_address_and_the_reason(error, says):
    failure = unreachable(HOST, error)
    assert failure.status == 0
    assert HOST in str(failure)
    assert says in str(failure)
    assert "\n" not in str(failure)


def status(message, reason=""):
    return json.dumps({"kind": "Status", "message": message, "reason": reason}).encode()


@pytest.mark.parametrize(
    ("code", "path", "body", "says"),
    [
        (401, "/api/v1/nodes", status("Unauthorized"), "does not accept the kubeconfig's credential"),
        (403, "/api/v1/nodes", status('User "x" cannot list nodes'), 'forbidden: User "x" cannot list nodes; grant'),
        (
            403,
            "/api/v1/namespaces/a/configmaps",
            status("unable to create new content in namespace a because it is being terminated", "Forbidden"),
            "it is being terminated; somebody is removing it: run again when it is gone",
        ),
        (403, "/api/v1/pods", status("exceeded quota: quota, requested: pods=1"), "exceeded quota: quota"),
        (
            404,
            "/apis/preview.k8s-ee/v1alpha1/environments",
            b"404 page not found",
            "apply role ephemeral.k8s.guardrails",
        ),
        (404, "/apis/preview.k8s-ee/v1alpha1/environments/x", status("no x", "NotFound"), "404 no x"),
        (
            403,
            "/apis/apps/v1/namespaces/a/deployments/app",
            status('admission webhook "rules.example.org" denied the request: not on a Friday', "Forbidden"),
            'admission webhook "rules.example.org" denied the request: not on a Friday; this is a rule of the cluster',
        ),
        (422, "/apis/apps/v1/deployments/app", status("spec is\n invalid", "Invalid"), "422 spec is invalid"),
        (502, "/api", b"<html>bad gateway</html>", "502 <html>bad gateway</html>"),
        (500, "/api", b"[]", "GET /api: 500"),
    ],
)
def test_an_answer_is_told_in_the_servers_words_with_what_to_do(code, path, body, says):
    failure = explain("GET", path, code, body)
    assert failure.status == code
    assert says in str(failure)
    assert "\n" not in str(failure)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (400, 'admission webhook "rules.example.org" denied the request without explanation'),
        (
            422,
            "deployments.apps \"app\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
        ),
    ],
)
def test_a_rule_of_the_cluster_has_a_reason_of_its_own_whatever_the_status(code, message):
    assert explain("PATCH", "/apis", code, status(message, "Invalid")).reason == "AdmissionRefused"


def test_a_webhook_that_cannot_be_asked_refuses_nothing():
    message = 'failed calling webhook "rules.example.org": context deadline exceeded'
    assert explain("PATCH", "/apis", 500, status(message, "InternalError")).reason == "InternalError"
