"""Storage classes, snapshot classes and the parameters that name a CSI driver's secrets."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Manifest, make


def storage_class(
    name: str,
    provisioner: str,
    parameters: dict[str, str],
    marks: Mapping[str, str],
    *,
    wait: bool = False,
    grows: bool = True,
) -> Manifest:
    """A StorageClass whose volumes go with their claim.

    Args:
        name: its name.
        provisioner: who makes its volumes.
        parameters: what the provisioner is told.
        marks: labels.
        wait: whether a volume is made only when its pod has a node.
        grows: whether volumes can be enlarged; buckets can't.
    """
    return make(
        "storage.k8s.io/v1",
        "StorageClass",
        name,
        labels=dict(marks),
        provisioner=provisioner,
        parameters=parameters,
        reclaimPolicy="Delete",
        volumeBindingMode="WaitForFirstConsumer" if wait else "Immediate",
        allowVolumeExpansion=True if grows else None,
    )


def snapshot_class(name: str, driver: str, parameters: dict[str, str], marks: Mapping[str, str]) -> Manifest:
    """A VolumeSnapshotClass for the volumes of a class; a snapshot's data goes when it is deleted.

    Args:
        name: its name.
        driver: CSI driver of the volumes.
        parameters: what the driver is told.
        marks: labels.
    """
    return make(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotClass",
        name,
        labels=dict(marks),
        driver=driver,
        deletionPolicy="Delete",
        parameters=parameters,
    )


def secret_pairs(names: Mapping[str, str], namespace: str) -> dict[str, str]:
    """Storage-class parameters that name a CSI driver's secrets: `csi.storage.k8s.io/<use>-secret-{name,namespace}`.

    Args:
        names: name of the secret by its use, such as `provisioner`.
        namespace: namespace of the secrets.

    >>> secret_pairs({"node-stage": "a"}, "b")
    {'csi.storage.k8s.io/node-stage-secret-name': 'a', 'csi.storage.k8s.io/node-stage-secret-namespace': 'b'}
    """
    pairs: dict[str, str] = {}
    for use, name in names.items():
        pairs[f"csi.storage.k8s.io/{use}-secret-name"] = name
        pairs[f"csi.storage.k8s.io/{use}-secret-namespace"] = namespace
    return pairs
