# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program needs to know of the GitHub job it runs in: its log, the files that it reports through."""
