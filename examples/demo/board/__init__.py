# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A feedback board for a pull request: what people say who have tried its preview."""
