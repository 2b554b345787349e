# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster in memory: versions, conflicts, deletion and watches as an API server has them; no controllers."""

from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.ephemeral.k8s.plugins.module_utils.errors import ClusterError
from ansible_collections.ephemeral.k8s.plugins.module_utils.objects import RESOURCES, Manifest, Ref, ref
from ansible_collections.ephemeral.k8s.plugins.module_utils.ports import Answer, Listing, WatchEvent
from ansible_collections.ephemeral.k8s.plugins.module_utils.remnants import Remnant


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.on_sleep()


class FakeWatch:
    """An open watch that a test may break by closing it."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[WatchEvent | None] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[WatchEvent]:
        while (event := self.events.get()) is not None:
            yield event

    def close(self) -> None:
        self.events.put(None)


class FakeCluster:
    """What the core needs of an API server.

    :ivar react: called after each write with the verb and the object; a test's controllers.
    :ivar refuse: called before each request with verb and ref; a test's faults, by raising ClusterError.
    """

    def __init__(self) -> None:
        self.objects: dict[Ref, Manifest] = {}
        self.requests: list[tuple[str, Ref]] = []
        self.react: Callable[[str, Manifest], None] = lambda verb, obj: None
        self.refuse: Callable[[str, Ref], None] = lambda verb, named: None
        self.logs: dict[str, str] = {}
        self._version = 0
        self._watches: list[tuple[str, str, str, FakeWatch]] = []
        self._lock = threading.RLock()

    def put(self, manifest: Manifest) -> Manifest:
        """Store an object as a stranger or a controller would."""
        with self._lock:
            return self._store(copy.deepcopy(manifest))

    def update(self, named: Ref, **parts: Any) -> None:
        """Change top-level parts of an object, as a controller does with its status."""
        with self._lock:
            self._store({**copy.deepcopy(self.objects[named]), **parts})

    def remove(self, named: Ref) -> None:
        """Take an object away, as the garbage collector does."""
        with self._lock:
            gone = self.objects.pop(named, None)
            if gone is not None:
                self._tell("DELETED", gone)

    def get(self, ref: Ref) -> Manifest | None:
        with self._lock:
            self._ask("get", ref)
            return copy.deepcopy(self.objects.get(ref))

    def list(self, kind: str, *, namespace: str = "", labels: str = "", fields: str = "") -> Listing:
        with self._lock:
            self._ask("list", Ref(kind, "", namespace))
            wanted = dict(pair.split("=") for pair in labels.split(",") if pair)
            name = fields.removeprefix("metadata.name=")
            items = [
                copy.deepcopy(obj)
                for named, obj in sorted(self.objects.items())
                if named.kind == kind
                and namespace in ("", named.namespace)
                and name in ("", named.name)
                and wanted.items() <= obj["metadata"].get("labels", {}).items()
            ]
            return Listing(items=tuple(items), resource_version=str(self._version))

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        named = ref(manifest)
        with self._lock:
            self._ask("dry-run" if dry_run else "apply", named)
            merged = _merge(self.objects.get(named, {}), copy.deepcopy(manifest))
            if dry_run:
                return merged
            stored = self._store(merged)
            self.react("apply", stored)
            return copy.deepcopy(self.objects.get(named, stored))

    def apply_status(self, manifest: Manifest) -> Manifest:
        named = ref(manifest)
        with self._lock:
            self._ask("status", named)
            if named not in self.objects:
                raise ClusterError(f"{named} not found", status=404, reason="NotFound")
            stored = self._store({**self.objects[named], "status": copy.deepcopy(manifest["status"])})
            self.react("status", stored)
            return copy.deepcopy(stored)

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        named = ref(manifest)
        with self._lock:
            self._ask("create", named)
            if named in self.objects:
                raise ClusterError(f"{named} already exists", status=409, reason="AlreadyExists")
            if dry_run:
                return copy.deepcopy(manifest)
            stored = self._store(copy.deepcopy(manifest))
            self.react("create", stored)
            return copy.deepcopy(stored)

    def replace(self, manifest: Manifest) -> Manifest:
        named = ref(manifest)
        with self._lock:
            self._ask("replace", named)
            current = self.objects.get(named)
            if current is None:
                raise ClusterError(f"{named} not found", status=404, reason="NotFound")
            if manifest["metadata"].get("resourceVersion") != current["metadata"]["resourceVersion"]:
                raise ClusterError(f"{named} was changed meanwhile", status=409, reason="Conflict")
            stored = self._store(copy.deepcopy(manifest))
            self.react("replace", stored)
            return copy.deepcopy(stored)

    def delete(self, ref: Ref, *, uid: str = "", version: str = "", grace_seconds: int | None = None) -> bool:
        with self._lock:
            self._ask("delete", ref)
            current = self.objects.get(ref)
            if current is None or (uid and current["metadata"]["uid"] != uid):
                return False
            if version and current["metadata"]["resourceVersion"] != version:
                return False
            if current["metadata"].get("finalizers"):
                self._store(_merge(current, {"metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}}))
            else:
                self.remove(ref)
            self.react("delete", current)
            return True

    def watch(self, kind: str, *, namespace: str = "", name: str = "", resource_version: str = "") -> FakeWatch:
        with self._lock:
            self._ask("watch", Ref(kind, name, namespace))
            watch = FakeWatch()
            for named, obj in self.objects.items():
                if named.kind == kind and int(obj["metadata"]["resourceVersion"]) > int(resource_version or 0):
                    watch.events.put(WatchEvent(type="MODIFIED", object=copy.deepcopy(obj)))
            self._watches.append((kind, namespace, name, watch))
            return watch

    def log(self, *, namespace: str, pod: str, container: str, previous: bool, lines: int) -> str:
        return self.logs.get(f"{pod}/{container}", "")

    def guarded(self, check: Callable[[], None]) -> Guarded:
        return Guarded(self, check)

    def remnants(self, namespace: str) -> tuple[Remnant, ...]:
        with self._lock:
            self._ask("list", Ref("Namespace", namespace))
            return tuple(
                Remnant.parse(obj, named.kind, f"/{named.kind}")
                for named, obj in sorted(self.objects.items())
                if named.namespace == namespace
            )

    def release(self, remnant: Remnant, *, keep: Sequence[str]) -> bool:
        with self._lock:
            named = next(n for n in self.objects if (n.kind, n.name) == (remnant.kind, remnant.name))
            self._ask("release", named)
            metadata = {**self.objects[named]["metadata"], "finalizers": list(keep)}
            if metadata["resourceVersion"] != remnant.version:
                return False
            if keep or not remnant.leaving:
                self.update(named, metadata=metadata)
            else:
                self.remove(named)
            self.react("release", self.objects.get(named, {}))
            return True

    def finalize(self, namespace: Manifest) -> bool:
        with self._lock:
            self._ask("finalize", ref(namespace))
            self.remove(ref(namespace))
            return True

    def verbs(self, kind: str) -> list[str]:
        """The requests that were made for a kind, in order."""
        return [verb for verb, named in self.requests if named.kind == kind]

    def _ask(self, verb: str, named: Ref) -> None:
        assert named.kind in RESOURCES, f"{named.kind} is not a kind of the product"
        self.refuse(verb, named)
        self.requests.append((verb, named))

    def _store(self, manifest: Manifest) -> Manifest:
        named = ref(manifest)
        before = self.objects.get(named)
        metadata = manifest["metadata"]
        metadata.setdefault("uid", f"uid-{len(self.requests)}-{named.name}")
        if before is not None:
            metadata["uid"] = before["metadata"]["uid"]
            if _without_version(before) == _without_version(manifest):
                return before
        self._version += 1
        metadata["resourceVersion"] = str(self._version)
        self.objects[named] = manifest
        self._tell("ADDED" if before is None else "MODIFIED", manifest)
        return manifest

    def _tell(self, kind_of_change: str, manifest: Manifest) -> None:
        named = ref(manifest)
        for kind, namespace, name, watch in self._watches:
            if kind == named.kind and namespace in ("", named.namespace) and name in ("", named.name):
                watch.events.put(WatchEvent(type=kind_of_change, object=copy.deepcopy(manifest)))


class Guarded:
    """A fake cluster that asks before each write."""

    _WRITES = ("apply", "apply_status", "create", "replace", "delete", "release", "finalize")

    def __init__(self, cluster: FakeCluster, check: Callable[[], None]) -> None:
        self._cluster = cluster
        self._check = check

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._cluster, name)
        if name not in self._WRITES:
            return method

        def asking(*args: Any, **options: Any) -> Any:
            self._check()
            return method(*args, **options)

        return asking


class FakeProber:
    """Answers in turn; the last one for ever."""

    def __init__(self, *answers: int | str) -> None:
        self.answers = list(answers) or [200]
        self.asked: list[str] = []

    def __call__(self, url: str) -> Answer:
        self.asked.append(url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Answer(url=url, status=answer) if isinstance(answer, int) else Answer(url=url, error=answer)


def _merge(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}
    return new


def _without_version(manifest: Manifest) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "resourceVersion"}
    return {**manifest, "metadata": metadata}
