# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are on a machine that runs the sandbox."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = Path("/var/lib/ephemeral-k8s")
KUBECONFIG = STATE / "admin.kubeconfig"
REGISTRY = "registry.localhost:5000"
HTTPS_PORT = 8443
CA_FILE = STATE / "ca/ingress/ca.crt"
VOLUMES = STATE / "volumes"
DEMO = ROOT / "examples/demo"
