"""What brings kinds to a cluster, and what to say about a kind that it lacks."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .. import catalog
from ..errors import UnavailableError
from ..kube.cluster import Cluster
from ..objects.base import Manifest


def _origin(group: str) -> str:
    """What brings the kinds of an API group, by the catalogue.

    >>> _origin("helm.toolkit.fluxcd.io"), _origin("infrastructure.cluster.x-k8s.io"), _origin("example.org")
    ('Flux', 'Cluster API with its Metal3 provider', 'the definitions of example.org')
    """
    brings = catalog.load().brings
    by_suffix = (name for pattern, name in brings.items() if fnmatchcase(group, pattern))
    return brings.get(group) or next(by_suffix, f"the definitions of {group}" if group else "a newer Kubernetes")


def lacking_kind(cluster: Cluster, manifest: Manifest) -> UnavailableError:
    """What to say about a manifest whose kind is not served."""
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    group = api_version.rpartition("/")[0]
    served = cluster.discovery.versions(f"{kind}.{group}" if group else kind)
    message = f"{cluster.target}: the cluster lacks kind {kind} ({api_version})"
    if served:
        remedy = f"bring {_origin(group)} to the planned version"
        return UnavailableError(f"{message}; it has {', '.join(served)}", remedy)
    return UnavailableError(message, f"install {_origin(group)}")
