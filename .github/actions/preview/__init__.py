# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a playbook for one pull request, from the inputs of a step to what the job reports."""
