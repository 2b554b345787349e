# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot change is refused before anything is touched."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import RefusedError
from ansible_collections.ephemeral.k8s.plugins.module_utils.immutables import refuse_other_volumes
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import ref

SERVICE = {"kind": "Service", "metadata": {"name": "postgresql", "namespace": "demo-pr-1"}}


def database(size="1Gi", *, name="postgresql", claim="data", **spec):
    claims = [{"metadata": {"name": claim}, "spec": {"resources": {"requests": {"storage": size}}, **spec}}]
    return {
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "demo-pr-1"},
        "spec": {"volumeClaimTemplates": claims},
    }


def judge(wanted, *there):
    refuse_other_volumes((SERVICE, wanted), {ref(obj): obj for obj in there})


@pytest.mark.parametrize(
    "there",
    [
        (),
        (SERVICE,),
        (database("2Gi", name="mariadb"),),
        (database("2Gi", claim="log"),),
        ({**database(), "spec": {}},),
        (database("1Gi"),),
        (database("1024Mi", volumeMode="Filesystem"),),
        (database(storageClassName=""),),
    ],
)
def test_what_stays_as_it_is_passes(there):
    judge(database("1Gi"), *there)


@pytest.mark.parametrize(("asked", "kept"), [("2Gi", "1Gi"), ("512Mi", "1Gi")])
def test_another_size_is_refused_with_the_one_to_write(asked, kept):
    with pytest.raises(RefusedError) as refused:
        judge(database(asked), database(kept))
    assert str(refused.value) == (
        "databases.postgresql.storage is 1Gi and cannot change while the environment lives; "
        "write 1Gi, or close and reopen the pull request"
    )


@pytest.mark.parametrize(
    ("asked", "kept", "says"),
    [
        (
            {"storageClassName": "fast"},
            {"storageClassName": "slow"},
            "is slow and cannot change .*; write slow, or close",
        ),
        ({}, {"storageClassName": "slow"}, "is slow and cannot change .*; write slow, or close"),
        ({"storageClassName": "fast"}, {}, "is the cluster's default and cannot .*; write no storage_class, or close"),
    ],
)
def test_another_class_is_refused(asked, kept, says):
    with pytest.raises(RefusedError, match=f"storage_class of databases.postgresql {says}"):
        judge(database(**asked), database(**kept))
