"""Brings up the sandbox of a region: an API server for each of its clusters, with simulated hardware."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..kube import kubeconfig
from ..kube.access import ContextSource
from ..kube.api import MERGE, Api
from ..kube.stopping import Halt
from ..objects import region
from ..objects.base import LABEL, KubeObject, Manifest, items_of
from ..objects.kinds import CUSTOM
from ..plan.model import ClusterPlan, RegionPlan, kubeconfig_secret
from ..sandbox import (
    Cluster,
    Listener,
    Sandbox,
    SandboxError,
    management_stages,
    read_crds,
    silent,
    stand_ins,
    workload_stages,
)
from . import nodes as sandbox_nodes

_NODES = "api/v1/nodes"
_PROVIDED = f"{LABEL}/kubeconfig"
"""Annotation of the namespace of an adopted cluster, once its owner has provided the kubeconfig secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRegion:
    """A region's sandbox."""

    kubeconfig: Path
    clusters: Mapping[str, str]
    """Context of the kubeconfig by cluster of the region."""
    nodes: Mapping[str, int]
    """Simulated nodes by cluster of the region."""


def sandbox_up(
    plan: RegionPlan, *, sandbox: Sandbox | None = None, crds: Path | None = None, progress: Listener = silent
) -> SandboxRegion:
    """Start an API server for each cluster of a region, with its kinds, its nodes and its kubeconfig secrets.

    Args:
        plan: the region.
        sandbox: the sandbox; the user's if left out.
        crds: folder with the real definitions; stand-ins if left out.
        progress: told what happens.

    Raises:
        SandboxError: a cluster can't be simulated or started.
    """
    sandbox = sandbox or Sandbox()
    names = contexts(plan)
    managements = {management.name for management in plan.management}
    clusters = [
        Cluster(name=name, role="management" if target in managements else "workload") for target, name in names.items()
    ]
    kinds = {names[target]: definitions(plan, target, crds) for target in names}
    report = sandbox.up(clusters, crds=kinds, progress=progress)
    for target, name in names.items():
        stages = (
            _management_stages(plan, target, names, report.kubeconfig) if target in managements else workload_stages()
        )
        sandbox.play(name, stages, progress=progress)
    counts = {
        cluster.name: _ensure_nodes(plan, cluster, names[cluster.name], report.kubeconfig) for cluster in plan.clusters
    }
    return SandboxRegion(kubeconfig=report.kubeconfig, clusters=names, nodes=counts)


def contexts(plan: RegionPlan) -> dict[str, str]:
    """Context of the sandbox's kubeconfig for each cluster of a region: the one that `access` names.

    Raises:
        SandboxError: a cluster is reached by a command, which leads to its own server and to no other.
    """
    by_target: dict[str, str] = {}
    for target in [management.name for management in plan.management] + [cluster.name for cluster in plan.clusters]:
        access = plan.access(target)
        if access.exec is not None:
            raise SandboxError(
                f"{target}: access by exec leads to {access.exec.server}, which can't be simulated",
                "Give the cluster access by context in a copy of the region file.",
            )
        # Reached by secret: no context is named, and several regions share the sandbox.
        by_target[target] = access.context or f"{plan.name}-{target}"
    return by_target


def definitions(plan: RegionPlan, target: str, folder: Path | None) -> list[dict[str, Any]]:
    """Custom kinds of a region's cluster in the sandbox: stand-ins of all, or the real ones that are planned."""
    if folder is None:
        return stand_ins(CUSTOM)
    planned = {
        (item.manifest["apiVersion"], item.manifest["kind"])
        for item in items_of(region.region_blocks(plan))
        if isinstance(item, KubeObject) and item.target == target
    }
    names = [f"{kind.plural}.{kind.group}" for kind in CUSTOM if (kind.api_version, kind.kind) in planned]
    return list(read_crds(folder, names)) if names else []


def _management_stages(plan: RegionPlan, target: str, names: Mapping[str, str], file: Path) -> list[dict[str, Any]]:
    """Stages of a management cluster, which also hand over the kubeconfigs of its clusters."""
    own = [cluster for cluster in plan.clusters if cluster.management == target]
    texts = {cluster.name: _kubeconfig_text(file, names[cluster.name]) for cluster in own}
    built = {cluster.name: texts[cluster.name] for cluster in own if cluster.built}
    adopted = [adopted_stage(cluster, texts[cluster.name]) for cluster in own if not cluster.built]
    return [*management_stages(kubeconfigs=built), *adopted]


def _kubeconfig_text(file: Path, context: str) -> str:
    """The part of the sandbox's kubeconfig that one cluster of the region needs, as YAML."""
    whole = kubeconfig.read([file])
    chosen = {
        key: [entry for entry in whole[key] if entry["name"] == context] for key in ("clusters", "users", "contexts")
    }
    config = {"apiVersion": "v1", "kind": "Config", "current-context": context, **chosen}
    return yaml.safe_dump(config, sort_keys=False)


def adopted_stage(cluster: ClusterPlan, text: str) -> dict[str, Any]:
    """kwok stage in place of an adopted cluster's owner: put its kubeconfig into its namespace, once."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": kubeconfig_secret(cluster.name), "namespace": cluster.name},
        "type": "cluster.x-k8s.io/secret",
        "data": {"value": base64.b64encode(text.encode()).decode()},
    }
    which = [
        {"jq": {"key": ".metadata.name", "operator": "In", "values": [cluster.name]}},
        {"jq": {"key": ".metadata.deletionTimestamp != null", "operator": "NotIn", "values": ["true"]}},
        {"jq": {"key": f'.metadata.annotations["{_PROVIDED}"]', "operator": "NotIn", "values": ["provided"]}},
    ]
    mark = {"type": "merge", "root": "metadata", "template": f'annotations: {{{_PROVIDED}: "provided"}}\n'}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": f"adopted-{cluster.name}"},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Namespace"},
            "selector": {"matchExpressions": which},
            "steps": [{"apply": {"template": yaml.safe_dump(secret)}}, {"patch": mark}],
        },
    }


def _ensure_nodes(plan: RegionPlan, cluster: ClusterPlan, context: str, file: Path) -> int:
    """Make the cluster's nodes, bring labels and taints of those that are there up to date, remove the others."""
    api = Api(cluster.name, ContextSource(context, [file]), Halt())
    live_nodes = {node["metadata"]["name"]: node for node in api.items(_NODES, labels=sandbox_nodes.SIMULATED)}
    wanted = {node["metadata"]["name"]: node for node in sandbox_nodes.nodes(plan, cluster)}

    def ensure(node: Manifest) -> None:
        live = live_nodes.get(node["metadata"]["name"])
        if live is None:
            api.request("POST", _NODES, body=node)
        elif not _is_as(node, live):
            change = {"metadata": {"labels": node["metadata"]["labels"]}, "spec": node["spec"]}
            api.request("PATCH", f"{_NODES}/{node['metadata']['name']}", body=change, content_type=MERGE)

    def remove(name: str) -> None:
        api.delete(f"{_NODES}/{name}", live_nodes[name]["metadata"]["uid"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ensure, wanted.values()))
        list(pool.map(remove, live_nodes.keys() - wanted.keys()))
    api.close()
    return len(wanted)


def _is_as(node: Manifest, live: Manifest) -> bool:
    labels = live["metadata"]["labels"]
    taints = live["spec"].get("taints") or []
    return all(labels.get(key) == value for key, value in node["metadata"]["labels"].items()) and all(
        taint in taints for taint in node["spec"]["taints"]
    )
