"""Values of add-on charts that follow from the plan, merged over those of the catalogue.

Agents of the platform run on every node. Nodes of a tenant's own carry the tenant's taint, which no chart knows of:
without a toleration such a node would get no driver, no device plugin and no storage (`_chart_placement`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import Any

import yaml

from ..catalog import ChartEntry
from ..plan.model import ClusterPlan, RegionPlan
from . import _chart_placement, _device_classes, labels
from .base import Manifest

API_PORT = 6443
NVME_CLASS = "nvme"
"""TopoLVM device class of local drives; the node image makes a volume group of the same name."""


def values(plan: RegionPlan, cluster: ClusterPlan, chart: ChartEntry, chosen: Collection[str]) -> Manifest:
    """Helm values of an add-on chart on a cluster: the catalogue's, and over them what follows from the plan.

    Args:
        plan: the region.
        cluster: one of its clusters.
        chart: a chart that the cluster gets.
        chosen: ids of all charts that it gets.
    """
    chart_values: Manifest = _merged({}, chart.values)
    for path, value in _chart_placement.values(chart.id, cluster.built):
        chart_values = _merged(chart_values, _nested(path, copy.deepcopy(value)))
    derive = _DERIVED.get(chart.id)
    return _merged(chart_values, derive(plan, cluster, chosen)) if derive else chart_values


def _merged(under: Any, over: Any) -> Any:
    """Helm values laid over others: mappings merged, lists joined, anything else replaced.

    >>> _merged({"a": {"b": 1}, "c": [1]}, {"a": {"d": 2}, "c": [2]})
    {'a': {'b': 1, 'd': 2}, 'c': [1, 2]}
    """
    if isinstance(under, dict) and isinstance(over, dict):
        overlaid = {key: _merged(under[key], value) if key in under else value for key, value in over.items()}
        return {**under, **overlaid}
    if isinstance(under, list) and isinstance(over, list):
        return [*under, *over]
    return over


def _nested(path: str, value: Any) -> Manifest:
    head, _, rest = path.partition(".")
    return {head: _nested(rest, value) if rest else value}


def _cilium(plan: RegionPlan, cluster: ClusterPlan, chosen: Collection[str]) -> Manifest:
    # Without kube-proxy's rules the API server's service address leads nowhere while Cilium starts.
    return {"k8sServiceHost": cluster.endpoint, "k8sServicePort": API_PORT}


def _gpu_operator(plan: RegionPlan, cluster: ClusterPlan, chosen: Collection[str]) -> Manifest:
    """The container runtime must not give GPUs to whoever asks by environment variable.

    NVIDIA's CUDA images ask for all of a node's GPUs that way, and on a shared node those are other tenants'.
    """
    settings: Manifest = {
        "toolkit": {
            "env": [
                {"name": "ACCEPT_NVIDIA_VISIBLE_DEVICES_ENVVAR_WHEN_UNPRIVILEGED", "value": "false"},
                {"name": "ACCEPT_NVIDIA_VISIBLE_DEVICES_AS_VOLUME_MOUNTS", "value": "true"},
            ]
        }
    }
    if cluster.system.rack_scale:
        # NVIDIA/aicr, bare-metal GB300: the driver has DMA-BUF and needs no peer-memory module of the NIC driver.
        settings["devicePlugin"] = {"env": [{"name": "MOFED_ENABLED", "value": "false"}]}
    return settings


def _kueue(plan: RegionPlan, cluster: ClusterPlan, chosen: Collection[str]) -> Manifest:
    """Kueue manages everything in tenants' namespaces and nothing elsewhere.

    Its webhooks fail closed: left to the chart's default they would hold up the platform's own pods while Kueue is
    down, and Kueue's among them. What names no queue in a tenant's namespace goes to its queue `default`, so pods
    can't go around the quota.
    """
    frameworks = ["batch/job", "pod", "deployment", "statefulset"]
    if "kubeflow-trainer" in chosen:
        frameworks += ["jobset.x-k8s.io/jobset", "trainer.kubeflow.org/trainjob"]
    if "lws" in chosen:
        frameworks.append("leaderworkerset.x-k8s.io/leaderworkerset")
    config = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443"},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "clientConnection": {"qps": 300, "burst": 500},
        # With certificates by cert-manager (enableCertManager) Kueue must not make its own.
        "internalCertManagement": {"enable": False},
        "manageJobsWithoutQueueName": True,
        "managedJobsNamespaceSelector": {
            "matchExpressions": [{"key": labels.TENANT_NAMESPACE, "operator": "Exists"}],
        },
        "integrations": {"frameworks": frameworks},
        # Neither is counted in any quota, and what a queue does not cover it does not admit.
        "resources": {"excludeResourcePrefixes": ["ephemeral-storage", "hugepages-"], **_claims(cluster)},
    }
    return {"managerConfig": {"controllerManagerConfigYaml": yaml.safe_dump(config, sort_keys=False)}}


def _claims(cluster: ClusterPlan) -> Manifest:
    """How Kueue counts claims of devices (kueue v0.19.2, apis/config/v1beta2, DeviceClassMapping)."""
    classes = _device_classes.by_resource(cluster)
    mappings = [{"name": name, "deviceClassNames": names} for name, names in classes.items()]
    return {"deviceClassMappings": mappings} if mappings else {}


def _prometheus(plan: RegionPlan, cluster: ClusterPlan, chosen: Collection[str]) -> Manifest:
    """Prometheus reads the monitors and rules of all charts of the platform, and of nobody else.

    Left to the chart it selects those of its own release, in every namespace (kube-prometheus-stack 84.4.0,
    templates/prometheus/prometheus.yaml): it would measure no GPU. The API server sets the label of a namespace's name.
    """
    rooms = sorted({chart.namespace for chart in plan.charts if chart.id in chosen})
    ours = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": rooms}]}
    kinds = ("serviceMonitor", "podMonitor", "probe", "rule")
    spec: Manifest = {f"{kind}SelectorNilUsesHelmValues": False for kind in kinds}
    spec |= {f"{kind}NamespaceSelector": copy.deepcopy(ours) for kind in (*kinds, "scrapeConfig")}
    alerts = {"alertmanagerSpec": {"alertmanagerConfigNamespaceSelector": copy.deepcopy(ours)}}
    return {"prometheus": {"prometheusSpec": spec}, "alertmanager": alerts}


def _topolvm(plan: RegionPlan, cluster: ClusterPlan, chosen: Collection[str]) -> Manifest:
    # The storage component declares the class itself, by its name in the region file.
    device = {"name": NVME_CLASS, "volume-group": NVME_CLASS, "default": True, "spare-gb": 10}
    return {"lvmd": {"deviceClasses": [device]}, "storageClasses": []}


def _vast(plan: RegionPlan, cluster: ClusterPlan, chosen: Collection[str]) -> Manifest:
    # The chart (2.4, 2.5) refuses to install without a class; `_flux` takes it out of what the chart renders.
    return {"storageClasses": {"unused": {"storagePath": "/", "viewPolicy": "default", "vipPool": "default"}}}


_DERIVED: dict[str, Callable[[RegionPlan, ClusterPlan, Collection[str]], Manifest]] = {
    "cilium": _cilium,
    "gpu-operator": _gpu_operator,
    "kube-prometheus-stack": _prometheus,
    "kueue": _kueue,
    "topolvm": _topolvm,
    "vastcsi": _vast,
}
