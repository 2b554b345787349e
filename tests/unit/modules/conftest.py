# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's `main()` for real: parameters in, the JSON that Ansible would get out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a module ended.

    :param result: what it printed.
    :param warnings: the texts among it.
    """

    failed: bool
    result: dict[str, Any]
    warnings: tuple[str, ...]

    def __getitem__(self, key: str) -> Any:
        return self.result[key]


RunModule = Callable[..., Outcome]


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunModule:
    """``run_module(config.main, path="k8s-ee.yaml")``; ``check`` and ``diff`` switch the modes on."""
    # A module runs in a process of its own. Here the filters' tests may have imported the controller before, which
    # then takes the warnings, and the modules' warnings are kept for the whole process.
    monkeypatch.setattr(_internal, "is_controller", False)
    monkeypatch.setattr(warnings, "_global_warnings", {})

    def run(main: Callable[[], None], *, check: bool = False, diff: bool = False, **parameters: Any) -> Outcome:
        capsys.readouterr()
        modes = {"_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args({**parameters, **modes}), pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        result = json.loads(printed.out)
        texts = tuple(_text(warning) for warning in result.get("warnings", ()))
        assert bool(ended.value.code) == bool(result.get("failed")), "exit code and result disagree"
        return Outcome(failed=bool(result.get("failed")), result=result, warnings=texts)

    return run


def _text(warning: Any) -> str:
    return warning if isinstance(warning, str) else str(warning["event"]["msg"])
