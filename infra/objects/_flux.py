"""Add-on charts as Flux objects on the management cluster, aimed at a GPU cluster by its kubeconfig secret.

A chart of an OCI registry has a source of its own (OCIRepository), charts of one HTTP repository share theirs.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ..catalog import ChartEntry
from ..plan.model import ClusterPlan, kubeconfig_secret
from .base import Manifest, make
from .ids import object_id

API = "helm.toolkit.fluxcd.io/v2"
SOURCES = "source.toolkit.fluxcd.io/v1"

_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
"""Media type of a chart in an OCI registry."""
_DROPPED = {"vastcsi": "StorageClass"}
"""Kinds that a chart insists on making and that this package declares itself."""


def release_id(cluster: ClusterPlan, chart: str) -> str:
    """Id of a chart's Flux release: what an object comes after whose kind the chart brings.

    Args:
        cluster: cluster that it is installed into.
        chart: catalogue id of the chart.
    """
    return object_id(cluster.management, make(API, "HelmRelease", chart, cluster.name))


def namespace_id(cluster: ClusterPlan, name: str) -> str:
    """Id of a namespace on the GPU cluster, such as one that Flux installs a chart into."""
    return object_id(cluster.name, make("v1", "Namespace", name))


def ready_ids(cluster: ClusterPlan) -> tuple[str, ...]:
    """Ids of what must exist before Flux or an engine applies anything to a GPU cluster; none for an adopted one."""
    if not cluster.built:
        return ()
    return (object_id(cluster.management, make("cluster.x-k8s.io/v1beta2", "Cluster", cluster.name, cluster.name)),)


def source(cluster: ClusterPlan, chart: ChartEntry) -> Manifest:
    """Flux source of an add-on chart: an OCIRepository of its own, or the HelmRepository that charts share."""
    if not chart.repo.startswith("oci://"):
        body: Manifest = {"interval": "1h", "url": chart.repo}
        return make(SOURCES, "HelmRepository", slug(chart.repo), cluster.name, spec=body)
    body = {
        "interval": "1h",
        "url": f"{chart.repo}/{chart.chart}",
        "ref": {"tag": chart.version},
        "layerSelector": {"mediaType": _LAYER, "operation": "copy"},
    }
    return make(SOURCES, "OCIRepository", chart.id, cluster.name, spec=body)


def release(cluster: ClusterPlan, chart: ChartEntry, values: Manifest, chosen: Collection[str]) -> Manifest:
    """Flux release (HelmRelease) of an add-on chart, aimed at a GPU cluster by its kubeconfig secret.

    Helm's own records go to the chart's namespace on the cluster: by default Flux would look for a namespace there
    that is called like the release's own on the management cluster.

    Args:
        cluster: cluster that it is installed into.
        chart: the chart.
        values: its values.
        chosen: ids of all charts that the cluster gets; dependencies on others don't count.
    """
    body: Manifest = {
        "interval": "30m",
        "timeout": "20m",
        "releaseName": chart.id,
        "targetNamespace": chart.namespace,
        "storageNamespace": chart.namespace,
        "kubeConfig": {"secretRef": {"name": kubeconfig_secret(cluster.name), "key": "value"}},
        **_from(cluster, chart),
        # A first install waits for images and nodes, which may take hours: it is tried again, not rolled back.
        "install": {
            "createNamespace": True,
            "crds": "CreateReplace",
            "strategy": {"name": "RetryOnFailure", "retryInterval": "5m"},
        },
        "upgrade": {"crds": "CreateReplace", "remediation": {"retries": 3, "strategy": "rollback"}},
        "driftDetection": {"mode": "enabled"},
    }
    if before := [{"name": name} for name in chart.depends_on if name in chosen]:
        body["dependsOn"] = before
    if values:
        body["values"] = values
    if kind := _DROPPED.get(chart.id):
        patch = f"$patch: delete\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: any\n"
        body["postRenderers"] = [{"kustomize": {"patches": [{"target": {"kind": kind}, "patch": patch}]}}]
    return make(API, "HelmRelease", chart.id, cluster.name, spec=body)


def _from(cluster: ClusterPlan, chart: ChartEntry) -> Manifest:
    source_manifest = source(cluster, chart)
    reference = {"kind": source_manifest["kind"], "name": source_manifest["metadata"]["name"]}
    if source_manifest["kind"] == "OCIRepository":
        return {"chartRef": reference}
    return {
        "chart": {
            "spec": {"chart": chart.chart, "version": chart.version, "interval": "1h", "sourceRef": reference},
        }
    }


def slug(repo: str) -> str:
    """Name of the Flux source of a chart repository.

    >>> slug("https://helm.ngc.nvidia.com/nvidia")
    'helm-ngc-nvidia-com-nvidia'
    """
    return re.sub(r"[^a-z0-9]+", "-", repo.split("://", 1)[1].lower()).strip("-")
