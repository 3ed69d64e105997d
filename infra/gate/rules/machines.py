"""Cluster API's machines: how they roll, and what health checks may do to them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ... import catalog
from ...objects import labels
from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests

_CONTROL_PLANE = "KubeadmControlPlane"
_DEPLOYMENT = "MachineDeployment"
_HA = 3
"""Replicas from which Cluster API lets a control plane roll without a spare machine."""
_STARTUP_SECONDS = 3600
"""Inspection, imaging and first boot of a large server take most of an hour (see `objects._machines`)."""
_MOST = 5
"""A health check acts on up to one machine in so many (`objects.racks` takes one in nine)."""


@rule.each_object(
    id="rollout-no-surge", area="disruption", severity="error", kinds={_DEPLOYMENT, _CONTROL_PLANE},
    reason="no metal is held spare: a rollout that first adds a machine waits for a free host for ever",
    remedy="set maxSurge: 0 and maxUnavailable: 1",
    source="https://cluster-api.sigs.k8s.io/developer/core/controllers/machine-deployment and "
    "https://book.metal3.io/capm3/node_reuse",
)  # fmt: skip
def rollout_no_surge(view: ObjectView) -> Iterator[Breach]:
    """Machine deployments and large control planes that roll by maxSurge, for which a spare host is needed."""
    kind = view.kind
    spec = view.spec
    if kind == _CONTROL_PLANE and _manifests.number(spec, "replicas", 1) < _HA:
        return
    strategy = (spec.get("rollout") or {}).get("strategy") or spec.get("strategy") or spec.get("rolloutStrategy") or {}
    surge = (strategy.get("rollingUpdate") or {}).get("maxSurge")
    surge = 1 if surge is None else surge
    if strategy.get("type") != "OnDelete" and str(surge) not in ("0", "0%"):
        yield Breach(message=f"machines roll without spare metal: {kind} {view.name} has maxSurge {surge}")


@rule.each_object(
    id="rollout-one-rack", area="domain", severity="error", kinds={_DEPLOYMENT, "Metal3MachineTemplate"},
    reason="machines of several racks in one deployment lose their rack: a successor may join another NVLink domain",
    remedy=f"declare one deployment and one template a rack, with the labels {labels.RACK} and {labels.HOST_RACK}",
    source="https://docs.nvidia.com/multi-node-nvlink-systems/ (an NVLink domain is a rack of 18 compute trays)",
)  # fmt: skip
def rollout_one_rack(view: ObjectView) -> Iterator[Breach]:
    """GPU machine deployments and templates that are not of one rack."""
    kind = view.kind
    if kind == _DEPLOYMENT:
        fault = _deployment_fault(view.spec)
    elif kind == "Metal3MachineTemplate":
        fault = _template_fault(view.spec)
    else:
        return
    if fault:
        yield Breach(message=f"GPU machines roll rack by rack: {kind} {view.name} {fault}")


def _deployment_fault(spec: Manifest) -> str:
    marks = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if marks.get(labels.ROLE) != labels.ROLE_GPU:
        return ""
    if not marks.get(labels.RACK):
        return f"names no rack ({labels.RACK})"
    most, replicas = _nodes_per_rack(marks.get(labels.SYSTEM) or ""), _manifests.number(spec, "replicas", 1)
    return f"has {replicas} machines, a rack holds {most}" if most and replicas > most else ""


def _nodes_per_rack(system: str) -> int | None:
    """Nodes of a rack at most; None for a system that the catalogue lacks."""
    catalogue = catalog.load()
    return max(catalogue.system(system).nodes_per_rack) if system in catalogue.system_ids else None


def _template_fault(spec: Manifest) -> str:
    machine = (spec.get("template") or {}).get("spec") or {}
    match = (machine.get("hostSelector") or {}).get("matchLabels") or {}
    loose = match.get(labels.HOST_ROLE) == labels.ROLE_GPU and not match.get(labels.HOST_RACK)
    return f"takes hosts of any rack ({labels.HOST_RACK})" if loose else ""


@rule.each_object(
    id="health-startup", area="disruption", severity="error", kinds={"MachineHealthCheck"},
    reason="a server takes most of an hour to come up: a check with less patience reboots it while it is imaged",
    remedy=f"set nodeStartupTimeoutSeconds to {_STARTUP_SECONDS:,} or more",
    source="https://cluster-api.sigs.k8s.io/tasks/automated-machine-management/healthchecking",
)  # fmt: skip
def health_startup(view: ObjectView) -> Iterator[Breach]:
    """Health checks of bare-metal machines that give them less time than they need to start."""
    spec = view.spec
    if ((spec.get("remediation") or {}).get("templateRef") or {}).get("kind") != "Metal3RemediationTemplate":
        return
    seconds = _manifests.number(spec.get("checks") or {}, "nodeStartupTimeoutSeconds", 600)
    if 0 < seconds < _STARTUP_SECONDS:
        yield Breach(message=f"a server has time to start: {view.name} waits {seconds:,} seconds")


@rule.object_set(
    id="health-budget", area="disruption", severity="error",
    reason="when many machines fail at once, power, cooling, a switch or the API server did: rebooting makes it worse",
    remedy=f"set remediation.triggerIf.unhealthyLessThanOrEqualTo to one machine in {_MOST} at most",
    source="https://cluster-api.sigs.k8s.io/tasks/automated-machine-management/healthchecking",
)  # fmt: skip
def health_budget(views: Objects) -> Iterator[Breach]:
    """Health checks that remediate however many machines are unhealthy."""
    sizes = _Sizes(views)
    for view in views.of_kind("MachineHealthCheck"):
        size = sizes.machines_of(view)
        limit = _limit((view.spec.get("remediation") or {}).get("triggerIf") or {}, size)
        most = None if size is None else max(1, size // _MOST)
        if limit is None:
            message = f"a health check stops when many machines fail: {view.name} has no limit"
            yield Breach(message=message, subject=view.id)
        elif most is not None and limit > most:
            message = f"a health check stops when many machines fail: {view.name} goes on up to {limit} of {size}"
            yield Breach(message=message, subject=view.id)


def _limit(trigger: Manifest, size: int | None) -> int | None:
    """Most unhealthy machines with which a check still acts; 0 for a share of machines that are not known."""
    if inside := re.fullmatch(r"\[(\d+)-(\d+)\]", str(trigger.get("unhealthyInRange") or "")):
        return int(inside[2])
    given = trigger.get("unhealthyLessThanOrEqualTo")
    if given is None:
        return None
    text = str(given)
    return int((size or 0) * int(text[:-1]) / 100) if text.endswith("%") else int(text)


class _Sizes:
    """How many machines a health check looks at, by the labels that deployments and control planes give them."""

    def __init__(self, views: Objects) -> None:
        self._by_label: dict[tuple[_manifests.Place, str, str], list[tuple[dict[str, str], int]]] = defaultdict(list)
        for view in views.of_kind(_DEPLOYMENT, _CONTROL_PLANE):
            key = "template" if view.kind == _DEPLOYMENT else "machineTemplate"
            marks = ((view.spec.get(key) or {}).get("metadata") or {}).get("labels") or {}
            if view.kind == _CONTROL_PLANE:
                # Cluster API gives these to machines of a control plane itself.
                marks = {**marks, "cluster.x-k8s.io/cluster-name": view.name, "cluster.x-k8s.io/control-plane": ""}
            replicas = _manifests.number(view.spec, "replicas", 1)
            for name, value in marks.items():
                self._by_label[_manifests.place(view), name, value].append((marks, replicas))

    def machines_of(self, check: ObjectView) -> int | None:
        """Machines of a check; None where none are known."""
        selector = check.spec.get("selector") or {}
        wanted = (selector.get("matchLabels") or {}).items()
        candidates = min((self._by_label[_manifests.place(check), *pair] for pair in wanted), key=len, default=[])
        replicas_selected = [replicas for marks, replicas in candidates if _manifests.selects(selector, marks)]
        return sum(replicas_selected) or None
