"""What an API server serves: kinds, their plurals and scopes, from its own discovery."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import UnavailableError
from ..objects.base import Manifest
from .api import JSON, Api

_AGGREGATED = f"{JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""All kinds in two requests, as every server from Kubernetes 1.30 on lists them."""


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
        return f"{self.group}/{self.version}" if self.group else self.version

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
        return self._served().get((api_version, kind))

    def of(self, manifest: Manifest) -> Resource | None:
        """The kind of a manifest, at its version; None if it is not served."""
        return self.find(manifest["apiVersion"], manifest["kind"])

    def preferred(self, group_kind: str) -> Resource | None:
        """A kind by `Kind.group`, at the version that the server prefers; None if it is not served."""
        return next(iter(self._versions(group_kind)), None)

    def versions(self, group_kind: str) -> list[str]:
        """Versions at which a kind is served, the preferred one first."""
        return [resource.version for resource in self._versions(group_kind)]

    def _versions(self, group_kind: str) -> list[Resource]:
        return [resource for resource in self._served().values() if resource.group_kind == group_kind]

    def refresh(self) -> None:
        """Ask again: kinds come and go with their definitions."""
        with self._lock:
            self._kinds = None

    def _served(self) -> Mapping[tuple[str, str], Resource]:
        with self._lock:
            if self._kinds is None:
                resources = [resource for root in ("api", "apis") for resource in self._read(root)]
                self._kinds = {(resource.api_version, resource.kind): resource for resource in resources}
            return self._kinds

    def _read(self, root: str) -> Iterator[Resource]:
        answer = self._api.request("GET", root, accept=f"{_AGGREGATED},{JSON}")
        if answer.get("kind") != "APIGroupDiscoveryList":
            message = f"{self._api.target}: the API server does not list its kinds in aggregated form"
            raise UnavailableError(message, "bring it to Kubernetes 1.30 or newer")
        return _resources(answer)


def _resources(answer: Manifest) -> Iterator[Resource]:
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
