"""The schema check itself: it lets good objects through and finds each kind of fault."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests import schema

HOST: dict[str, Any] = {
    "apiVersion": "metal3.io/v1alpha1",
    "kind": "BareMetalHost",
    "metadata": {"name": "r01-u01", "namespace": "train", "labels": {"ai-factory.dev/rack": "r01"}},
    "spec": {"online": False, "bmc": {"address": "redfish+https://10.0.0.1/1", "credentialsName": "bmc-r01"}},
}
CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "facts", "namespace": "train"},
    "data": {"racks": "2"},
}


def changed(manifest: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(manifest)
    *parents, last = path.split("/")
    inner = made
    for part in parents:
        inner = inner[part]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return made


def test_examples_that_real_webhooks_accepted_pass() -> None:
    examples = schema.crd_folder().parent / "data" / "examples" / "capi-metal3.yaml"
    found = list(yaml.safe_load_all(examples.read_text(encoding="utf-8")))
    assert len(found) >= 14
    assert [fault for manifest in found for fault in schema.validate(manifest)] == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("spec/online", ..., "'online' is a required property"),
        ("spec/onlin", True, "'onlin' was unexpected"),
        ("spec/online", "yes", "'yes' is not of type 'boolean'"),
        ("spec/bootMode", "bios", "is not one of"),
        ("spec/image", None, "spec.image: is null"),
        ("apiVersion", "metal3.io/v1beta1", "version v1beta1 is not served"),
        ("apiVersion", "metal3.example/v1", "no CRD of BareMetalHost.metal3.example"),
        ("metadata/namespace", ..., "metadata.namespace: is missing"),
        ("metadata/name", "R01_u01", "not a legal name"),
        ("metadata/labels", {"rack": "-r01"}, "not a legal label value"),
        ("metadata/labels", {"ai factory/rack": "r01"}, "not a legal key"),
        ("metadata/label", {}, "metadata.label: no such field"),
        ("status", {}, "status: belongs to the controller"),
        ("kind", ..., "kind: is missing"),
    ],
)
def test_each_fault_of_a_custom_object_is_found(path: str, value: Any, fault: str) -> None:
    assert schema.validate(HOST) == []
    faults = schema.validate(changed(HOST, path, value))
    assert any(fault in line for line in faults), faults


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("data/racks", 2, "data.racks: str is expected, not 2"),
        ("dat", {}, "dat: no such field in V1ConfigMap"),
        ("binary_data", {}, "binary_data: no such field"),
        ("kind", "ConfigMaps", "v1 has no ConfigMaps"),
        ("metadata/namespace", ..., "metadata.namespace: is missing"),
    ],
)
def test_each_fault_of_a_core_object_is_found(path: str, value: Any, fault: str) -> None:
    assert schema.validate(CONFIG) == []
    faults = schema.validate(changed(CONFIG, path, value))
    assert any(fault in line for line in faults), faults


def test_a_missing_required_field_of_a_core_object_is_found() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a:b"}}
    assert schema.validate({**role, "rules": [{"verbs": ["get"], "apiGroups": [""]}]}) == []
    assert schema.validate({**role, "rules": [{"apiGroups": [""]}]}) == ["ClusterRole/a:b: rules[0].verbs: is missing"]


def test_a_cluster_scoped_object_has_no_namespace() -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}
    assert schema.validate(space) == ["Namespace/a: metadata.namespace: the kind is cluster-scoped"]
