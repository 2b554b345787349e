# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of a pull request: how it is named, built, pushed and, after a close, removed."""
