# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON schema of `k8s-ee.yaml`, for editors: generated from the declarations that validate."""

from __future__ import annotations

from typing import Any, Final

from .config import ROOT

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema as a tree.

    What it accepts may still be refused where fields depend on each other (a request above its limit, reserved
    variables, `s3` beside `minio`); what it refuses always is.
    """
    return {
        "$schema": DIALECT,
        "title": "k8s-ee.yaml",
        "description": "What one repository's preview environments consist of",
        **ROOT.schema(),
    }
