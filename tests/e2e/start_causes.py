# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps an application from starting: its image, and its command."""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable, Mapping

from .cause import NOWHERE, Cause, Settings
from .conftest import REGISTRY, build_image
from .registries import push_for_another_processor
from .strangers import Situation


def image(name: str) -> Callable[[Situation], Settings]:
    """The run's image, by name."""
    return lambda _: {"pr_image": name}


def of_another_processor(situation: Situation) -> Settings:
    """An image of this platform with a program of another inside, as a COPY from the wrong build gives."""
    machine = {"x86_64": 183}.get(platform.machine(), 62)  # EM_AARCH64, EM_X86_64
    header = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 2, machine, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 128, 128, 4096)
    program = situation.folder / "server"
    program.write_bytes((header + segment).ljust(128, b"\0"))
    program.chmod(0o755)
    text = 'ARG BASE\nFROM ${BASE}\nCOPY server /app/server\nCMD ["/app/server"]\n'
    return {"pr_image": build_image("cause:other-program", text, situation.folder)}


START_CAUSES: Mapping[str, Cause] = {
    # The image.
    "an image that nobody pushed": Cause(
        quick=True,
        reason="ImageNotFound",
        message=f"image {REGISTRY}/demo:no-such-tag does not exist in its registry",
        hint="check that the build job pushed exactly this name and tag",
        settings=image(f"{REGISTRY}/demo:no-such-tag"),
        mended={},
    ),
    "a private image": Cause(
        quick=True,
        reason="ImagePullDenied",
        message="may not be pulled: its registry refuses access",
        hint="let the cluster read the package",
        settings=lambda situation: {"pr_image": f"{situation.registry.address}/private/shop:pr-1"},
    ),
    "an image built for another processor": Cause(
        quick=True,
        reason="ImageArchitecture",
        message="was not built for the processor of this cluster",
        hint="--platform linux/amd64,linux/arm64",
        settings=lambda _: {
            "pr_image": push_for_another_processor(REGISTRY, "demo", "pr-1", new_tag="other-processor")
        },
    ),
    "a program of another processor": Cause(
        reason="WrongArchitecture",
        message="cause:other-program holds a program for another processor",
        hint="--platform linux/amd64,linux/arm64",
        exit_code=1,
        log="exec format error",
        settings=of_another_processor,
    ),
    "a registry that allows no more pulls": Cause(
        reason="RegistryRateLimited",
        message="its registry allows no more pulls for now",
        hint="wait and run the job again",
        settings=lambda situation: {"pr_image": f"{situation.registry.address}/limited/shop:pr-1"},
    ),
    "a registry that is down": Cause(
        reason="RegistryUnreachable",
        message="its registry cannot be reached",
        hint="run the job again",
        settings=image(f"localhost:{NOWHERE}/shop:pr-1"),
        timeout=60,
    ),
    # The command.
    "a command that is not in the image": Cause(
        reason="CommandNotFound",
        message="its command is not in the image",
        hint="check app.command in k8s-ee.yaml",
        exit_code=128,
        config={"app": {"port": 8080, "command": ["/srv/no-such-program"]}},
    ),
    "a command line whose program is not in the image": Cause(
        reason="CommandNotFound",
        message="gunicorn: not found",
        hint="check app.command in k8s-ee.yaml",
        exit_code=127,
        log="gunicorn: not found",
        config={"app": {"port": 8080, "command": "exec gunicorn board:app"}},
    ),
    "a command that is not executable": Cause(
        reason="CommandNotExecutable",
        message="its command may not be executed",
        hint="make the file executable in the Dockerfile",
        exit_code=128,
        config={"app": {"port": 8080, "command": ["/app/board/server.py"]}},
    ),
}
