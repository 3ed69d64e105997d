"""What an API server serves: kinds, their plurals and scopes, from its own discovery."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import UnavailableError
from ..objects.base import Manifest
from .api import JSON, Api

_AGGREGATED = ",".join(
    f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind as an API server serves it.

    >>> host = Resource(group="metal3.io", version="v1alpha1", kind="BareMetalHost", plural="hosts", namespaced=True)
    >>> host.path("train", "r1-u01")
    'apis/metal3.io/v1alpha1/namespaces/train/hosts/r1-u01'
    >>> Resource(group="", version="v1", kind="Node", plural="nodes", namespaced=False).path()
    'api/v1/nodes'
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """REST path of an object, of a namespace's objects, or of all objects of the kind."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        return "/".join([*parts, name] if name else parts)

    @property
    def api_version(self) -> str:
        """`<group>/<version>`, or the version alone in the core group."""
        return _api_version(self.group, self.version)

    @property
    def group_kind(self) -> str:
        """`Kind.group`, or the kind alone in the core group."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


class Discovery:
    """Kinds that one API server serves, read when first asked for."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], Resource] | None = None

    def find(self, api_version: str, kind: str) -> Resource | None:
        """A kind at one version, None if it is not served."""
        return self._known().get((api_version, kind))

    def preferred(self, group_kind: str) -> Resource | None:
        """A kind by `Kind.group`, at the version that the server prefers; None if it is not served."""
        return next((one for one in self._known().values() if one.group_kind == group_kind), None)

    def versions(self, group_kind: str) -> list[str]:
        """Versions at which a kind is served, the preferred one first."""
        return [one.version for one in self._known().values() if one.group_kind == group_kind]

    def refresh(self) -> None:
        """Ask again: kinds come and go with their definitions."""
        with self._lock:
            self._kinds = None

    def _known(self) -> Mapping[tuple[str, str], Resource]:
        with self._lock:
            if self._kinds is None:
                found = [one for root in ("api", "apis") for one in self._read(root)]
                self._kinds = {(one.api_version, one.kind): one for one in found}
            return self._kinds

    def _read(self, root: str) -> Iterator[Resource]:
        answer = self._api.request("GET", root, accept=f"{_AGGREGATED},{JSON}")
        if answer.get("kind") == "APIGroupDiscoveryList":
            yield from _aggregated(answer)
        else:
            for group, version in _listed(answer):
                yield from self._one_version(root, group, version)

    def _one_version(self, root: str, group: str, version: str) -> Iterator[Resource]:
        """Kinds of one group and version, from a server without aggregated discovery (before 1.30)."""
        answer = self._api.get(f"{root}/{group}/{version}" if group else f"{root}/{version}")
        for entry in (answer or {}).get("resources") or ():
            if "/" not in entry["name"]:
                yield Resource(
                    group=group,
                    version=version,
                    kind=entry["kind"],
                    plural=entry["name"],
                    namespaced=entry["namespaced"],
                )


def _aggregated(answer: Manifest) -> Iterator[Resource]:
    for group in answer["items"]:
        for version in group["versions"]:
            for entry in version.get("resources") or ():
                kind = (entry.get("responseKind") or {}).get("kind")
                if kind:
                    yield Resource(
                        group=group["metadata"].get("name", ""),
                        version=version["version"],
                        kind=kind,
                        plural=entry["resource"],
                        namespaced=entry["scope"] == "Namespaced",
                    )


def _listed(answer: Manifest) -> Iterator[tuple[str, str]]:
    """Group and version of each entry of a plain APIVersions or APIGroupList."""
    for version in answer.get("versions") or ():
        yield "", str(version)
    for group in answer.get("groups") or ():
        preferred = group["preferredVersion"]["version"]
        for entry in sorted(group["versions"], key=lambda one: one["version"] != preferred):
            yield str(group["name"]), str(entry["version"])


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


_ORIGINS = {
    "nvidia.com": "the NVIDIA GPU operator",
    "resource.nvidia.com": "the NVIDIA DRA driver",
    "mellanox.com": "the NVIDIA network operator",
    "nfd.k8s-sigs.io": "Node Feature Discovery",
    "kueue.x-k8s.io": "Kueue",
    "cilium.io": "Cilium",
    "gateway.networking.k8s.io": "the Gateway API",
    "ceph.rook.io": "Rook",
    "snapshot.storage.k8s.io": "the snapshot controller",
    "monitoring.coreos.com": "the Prometheus operator",
    "external-secrets.io": "External Secrets",
    "cert-manager.io": "cert-manager",
    "metal3.io": "Metal3",
    "ipam.metal3.io": "Metal3's address manager",
    "ironic.metal3.io": "the Ironic operator",
    "operator.cluster.x-k8s.io": "the Cluster API operator",
    "k8s.cni.cncf.io": "Multus",
    "sriovnetwork.openshift.io": "the SR-IOV network operator",
}


def origin(group: str) -> str:
    """What brings the kinds of an API group.

    >>> origin("helm.toolkit.fluxcd.io"), origin("infrastructure.cluster.x-k8s.io"), origin("example.org")
    ('Flux', 'Cluster API with its Metal3 provider', 'the definitions of example.org')
    """
    if group.endswith(".toolkit.fluxcd.io"):
        return "Flux"
    if group not in _ORIGINS and group.endswith("cluster.x-k8s.io"):
        return "Cluster API with its Metal3 provider"
    return _ORIGINS.get(group) or (f"the definitions of {group}" if group else "a newer Kubernetes")


def missing(discovery: Discovery, target: str, manifest: Manifest) -> UnavailableError:
    """What to say about a manifest whose kind is not served."""
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    group = api_version.rpartition("/")[0]
    served = discovery.versions(f"{kind}.{group}" if group else kind)
    message = f"{target}: the cluster lacks kind {kind} ({api_version})"
    if served:
        return UnavailableError(
            f"{message}; it has {', '.join(served)}", f"bring {origin(group)} to the planned version"
        )
    return UnavailableError(message, f"install {origin(group)}")
