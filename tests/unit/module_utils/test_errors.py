# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure is one clear line."""

from __future__ import annotations

import pytest

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ConfigError, Fault


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            Fault(field="app.port", message="is 0; must be 1 to 65535", line=4),
            "line 4: app.port: is 0; must be 1 to 65535",
        ),
        (Fault(field="app.port", message="is 0; must be 1 to 65535"), "app.port: is 0; must be 1 to 65535"),
        (Fault(field="", message="is empty", line=1), "line 1: is empty"),
        (Fault(field="", message="is empty"), "is empty"),
    ],
)
def test_a_fault_names_line_field_and_rule_as_far_as_they_are_known(fault, line):
    assert str(fault) == line


def test_a_refused_configuration_tells_every_fault_in_the_order_of_the_file():
    faults = (Fault(field="b", message="is wrong", line=1), Fault(field="a", message="is wrong", line=2))
    error = ConfigError(faults)
    assert error.faults == faults
    assert str(error) == "line 1: b: is wrong; line 2: a: is wrong"
