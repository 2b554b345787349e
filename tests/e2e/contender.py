# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that does nothing but take the turn of an environment, write its record again and again, and give back.

contender.py <name> <sequence> <writes> <neighbours: 0 or 1>

Says how it ended in one word: ready, superseded, refused or failed.
"""

from __future__ import annotations

import os
import random
import sys
import time

from ansible_collections.ephemeral.k8s.plugins.module_utils.clock import SystemClock
from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError, RefusedError, SupersededError
from ansible_collections.ephemeral.k8s.plugins.module_utils.kubeconfig import connect
from ansible_collections.ephemeral.k8s.plugins.module_utils.lease import Turn
from ansible_collections.ephemeral.k8s.plugins.module_utils.liveness import NoProcesses, SystemProcesses
from ansible_collections.ephemeral.k8s.plugins.module_utils.names import Identity
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import Ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.record import DEPLOYING, READY, Record, Request, spec_of

IDENTITY = Identity(project="protocol", pr=600)
PLATFORM = "platform"
OWNER = 600


def contend(name: str, sequence: int, writes: int, *, neighbours: bool) -> None:
    """Take the turn, write, give back.

    :param neighbours: whether to look if the process of the run before us lives.
    :raises PreviewError: as a run does.
    """
    clock = SystemClock()
    cluster = connect(kubeconfig=os.environ["KUBECONFIG"], context="", clock=clock)
    turn = Turn(
        cluster,
        ref=Ref("Lease", IDENTITY.namespace, PLATFORM),
        owner=str(OWNER),
        sequence=sequence,
        holder=name,
        wait_seconds=120.0,
        clock=clock,
        processes=SystemProcesses() if neighbours else NoProcesses(),
    )
    dice = random.Random(name)
    with turn:
        record = Record.read(cluster.guarded(turn.check), namespace=PLATFORM, identity=IDENTITY)
        if (record.status.sequence or 0) > sequence:
            raise SupersededError(f"{record.status.sequence} has written before {sequence}")
        record.write(spec_of(_request(sequence), {}), {})
        for number in range(writes):
            # An address that is another one each time, so that the server sees each write as a change.
            url = f"https://{name}.localhost/{number}"
            record.update(clock.now(), phase=DEPLOYING, run=name, sequence=sequence, url=url)
            time.sleep(dice.uniform(0.0, 0.2))
        record.update(clock.now(), phase=READY)


def _request(sequence: int) -> Request:
    return Request(
        identity=IDENTITY,
        repository="acme/protocol",
        repository_id=OWNER,
        sha="unknown",
        branch="unknown",
        author="unknown",
        image="protocol:1",
        sequence=sequence,
        profile="team",
    )


def main() -> str:
    """How it ended."""
    name, sequence, writes, neighbours = sys.argv[1:]
    try:
        contend(name, int(sequence), int(writes), neighbours=neighbours == "1")
    except SupersededError:
        return "superseded"
    except RefusedError as error:
        return f"refused {error}"
    except ClusterError as error:
        return f"failed {error}"
    return "ready"


if __name__ == "__main__":
    sys.stdout.write(main())
