"""The table of immutable fields: what it says of changes, and that it holds what the real CRDs enforce."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ai_factory.infra.gate.impact import diff, immutable
from ai_factory.infra.objects import kinds
from tests import schema

pytestmark = pytest.mark.slow

CONDITIONAL = {
    ("CephCluster.ceph.rook.io", "spec.network.provider"): "only from one provider to another",
    ("CephCluster.ceph.rook.io", "spec.security.cephx.csi"): "counts upwards only",
    ("CephCluster.ceph.rook.io", "spec.security.cephx.csi.keyGeneration"): "counts upwards only",
    ("CephCluster.ceph.rook.io", "spec.security.cephx.daemon"): "counts upwards only",
    ("CephCluster.ceph.rook.io", "spec.security.cephx.daemon.keyGeneration"): "counts upwards only",
    ("CephCluster.ceph.rook.io", "spec.security.cephx.rbdMirrorPeer"): "counts upwards only",
    ("CephCluster.ceph.rook.io", "spec.security.cephx.rbdMirrorPeer.keyGeneration"): "counts upwards only",
    ("ResourceFlavor.kueue.x-k8s.io", "spec"): "with a topology: three entries of the table say it",
    ("Workload.kueue.x-k8s.io", ""): "once quota is reserved",
    ("Workload.kueue.x-k8s.io", "status"): "no plan has a status",
}
"""Transition rules that are not plain immutability, by kind and path."""


def _broken(api: str, kind: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    head = {"apiVersion": api, "kind": kind}
    before, after = {**head, **old}, {**head, **new}
    return immutable.broken(immutable.kind_of(before), diff.field_changes(before, after), before, after)


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("storage.k8s.io/v1", "StorageClass", {"provisioner": "a"}, {"provisioner": "b"}, ("provisioner",)),
    ("storage.k8s.io/v1", "StorageClass", {"parameters": {"p": "1"}}, {"parameters": {"p": "2"}}, ("parameters.p",)),
    ("storage.k8s.io/v1", "StorageClass", {"parameters": {"p": "1"}}, {}, ("parameters",)),
    ("storage.k8s.io/v1", "StorageClass", {"mountOptions": ["a"]}, {"mountOptions": ["b"]}, ()),
    ("v1", "ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}, ()),
    ("v1", "ConfigMap", {"immutable": True, "data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}, ("data.a",)),
    ("v1", "ConfigMap", {"data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}, ()),
    (
        "v1",
        "PersistentVolumeClaim",
        {"spec": {"storageClassName": "a", "resources": {"requests": {"storage": "1Gi"}}}},
        {"spec": {"storageClassName": "a", "resources": {"requests": {"storage": "2Gi"}}}},
        (),
    ),
    (
        "v1",
        "PersistentVolumeClaim",
        {"spec": {"storageClassName": "a", "resources": {"requests": {"storage": "1Gi"}}}},
        {"spec": {"storageClassName": "b", "resources": {"requests": {"storage": "2Gi"}}}},
        ("spec.storageClassName",),
    ),
    ("apps/v1", "StatefulSet", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, ()),
    ("apps/v1", "StatefulSet", {"spec": {"serviceName": "a"}}, {"spec": {"serviceName": "b"}}, ("spec.serviceName",)),
    ("v1", "Service", {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {}}, ()),
    ("v1", "Service", {"spec": {"clusterIP": "a"}}, {"spec": {"clusterIP": "b"}}, ("spec.clusterIP",)),
    ("metal3.io/v1alpha1", "BareMetalHost", {"spec": {}}, {"spec": {"bootMACAddress": "a"}}, ()),
    (
        "metal3.io/v1alpha1",
        "BareMetalHost",
        {"spec": {"bootMACAddress": "a", "bmc": {"address": "b"}}},
        {"spec": {"bootMACAddress": "c", "bmc": {"address": "d"}}},
        ("spec.bootMACAddress", "spec.bmc.address"),
    ),
    (
        "controlplane.cluster.x-k8s.io/v1beta2",
        "KubeadmControlPlane",
        {"spec": {"version": "v1.35.0", "replicas": 3, "kubeadmConfigSpec": {"files": [{"path": "a"}]}}},
        {"spec": {"version": "v1.36.0", "replicas": 5, "kubeadmConfigSpec": {"ntp": {"enabled": True}}}},
        (),
    ),
    (
        "controlplane.cluster.x-k8s.io/v1beta2",
        "KubeadmControlPlane",
        {"spec": {"kubeadmConfigSpec": {"clusterConfiguration": {"controlPlaneEndpoint": "a"}}}},
        {"spec": {"kubeadmConfigSpec": {"clusterConfiguration": {"controlPlaneEndpoint": "b"}}}},
        ("spec.kubeadmConfigSpec.clusterConfiguration.controlPlaneEndpoint",),
    ),
    (
        "kueue.x-k8s.io/v1beta2",
        "ResourceFlavor",
        {"spec": {"topologyName": "t", "nodeLabels": {"a.b/c": "1"}}},
        {"spec": {"topologyName": "t", "nodeLabels": {"a.b/c": "2"}}},
        ('spec.nodeLabels["a.b/c"]',),
    ),
    (
        "kueue.x-k8s.io/v1beta2",
        "ResourceFlavor",
        {"spec": {"nodeLabels": {"a": "1"}}},
        {"spec": {"nodeLabels": {"a": "2"}, "topologyName": "t"}},
        (),
    ),
    ("resource.nvidia.com/v1beta1", "ComputeDomain", {"spec": {"a": 1}}, {"spec": {"a": 1, "b": 2}}, ("spec.b",)),
    ("helm.sh/v3", "Release", {"spec": {"chart": "a"}}, {"spec": {"chart": "b"}}, ("spec.chart",)),
    ("helm.sh/v3", "Release", {"spec": {"version": "1"}}, {"spec": {"version": "2"}}, ()),
    ("example.com/v1", "Unknown", {"spec": 1}, {"spec": 2}, ()),
]


@pytest.mark.parametrize(("api", "kind", "old", "new", "expected"), CASES)
def test_broken(api: str, kind: str, old: dict[str, Any], new: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert _broken(api, kind, old, new) == expected


def test_a_change_above_a_field_names_the_field() -> None:
    old = {"spec": {"nicConfigurationOperator": {"nicFirmwareStorage": {"storageClassName": "a"}}}}
    assert _broken("mellanox.com/v1alpha1", "NicClusterPolicy", old, {"spec": {}}) == ()
    queue = {"spec": {"concurrentAdmissionPolicy": {"a": 1}}}
    found = _broken("kueue.x-k8s.io/v1beta2", "ClusterQueue", queue, {})
    assert found == ("spec.concurrentAdmissionPolicy",)


def test_every_entry_is_of_a_kind_that_is_emitted_or_read() -> None:
    known = {f"{kind.kind}.{kind.group}" if kind.group else kind.kind for kind in kinds.KINDS} | {"Release.helm.sh"}
    assert {entry.kind for entry in immutable.table()} <= known


@pytest.fixture(scope="module")
def schemas() -> dict[str, dict[str, Any]]:
    """Schemas of all custom kinds at the version that is spoken, by `<Kind>.<group>`."""
    found = {}
    for kind in kinds.CUSTOM:
        definition = schema.crd(kind.group, kind.kind)
        assert definition is not None, kind
        (version,) = (one for one in definition["spec"]["versions"] if one["storage"])
        assert version["name"] == kind.version, kind
        found[f"{kind.kind}.{kind.group}"] = version["schema"]["openAPIV3Schema"]
    return found


def _transitions(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Rules of a schema that look at the old object, with their paths."""
    for rule in node.get("x-kubernetes-validations", ()):
        if "oldSelf" in rule["rule"]:
            yield path, rule["rule"]
    for name, inner in node.get("properties", {}).items():
        yield from _transitions(inner, f"{path}.{name}" if path else name)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _transitions(node[key], f"{path}[*]")


def test_every_immutable_field_of_the_crds_is_in_the_table(schemas: dict[str, dict[str, Any]]) -> None:
    found = [(kind, path, rule) for kind, node in schemas.items() for path, rule in _transitions(node)]
    assert len(found) > 30
    missing = [
        f"{kind} {path}: {rule}"
        for kind, path, rule in found
        if (kind, path) not in CONDITIONAL and not any(entry.covers(path) for entry in immutable.fields(kind))
    ]
    assert not missing, "\n".join(missing)


def test_conditional_rules_are_still_there_and_are_not_plain(schemas: dict[str, dict[str, Any]]) -> None:
    rules = {(kind, path): rule for kind, node in schemas.items() for path, rule in _transitions(node)}
    assert CONDITIONAL.keys() <= rules.keys()
    assert not [place for place in CONDITIONAL if "".join(rules[place].split()) == "self==oldSelf"]


def test_every_path_of_the_table_is_in_its_crd(schemas: dict[str, dict[str, Any]]) -> None:
    checked = [entry for entry in immutable.table() if entry.kind in schemas]
    assert len(checked) > 20
    for entry in checked:
        for path in (*entry.fields, *entry.excepted, *([entry.when] if entry.when else [])):
            node = schemas[entry.kind]
            for key in path.split("."):
                assert key in node.get("properties", {}), f"{entry.kind} has no {path}"
                node = node["properties"][key]


def test_every_cel_entry_has_a_rule_in_its_crd(schemas: dict[str, dict[str, Any]]) -> None:
    for entry in immutable.table():
        if entry.source == "CEL":
            paths = [path for path, _ in _transitions(schemas[entry.kind])]
            for field in entry.fields:
                assert any(field == path or field.startswith(f"{path}.") for path in paths), f"{entry.kind} {field}"
