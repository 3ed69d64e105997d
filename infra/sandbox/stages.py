"""Simulated hardware: Stage documents that carry Cluster API, Metal3, Flux and other objects to ready, or to failure.

The real controllers are not there; kwok writes the status that they would, in the fields that the kinds' own
definitions have, so that whatever waits for a condition can be tried. A visit happens once a generation: an object
that failed stays failed until its spec changes, as with a controller that has used up its retries. Paused and
suspended objects are left alone, and so are `HelmRepository` objects of type `oci`, which have no status in Flux.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ai_factory.infra.sandbox.simulated import Behaviour, render
from ai_factory.infra.sandbox.simulated_clusters import CLUSTER_API, METAL3
from ai_factory.infra.sandbox.simulated_services import CERTIFICATES, FLUX, KUEUE, OPERATORS, SECRETS

MANAGEMENT = (*CLUSTER_API, *METAL3, *FLUX, *SECRETS, *CERTIFICATES)
"""Kinds of a management cluster."""
WORKLOAD = (*KUEUE, *OPERATORS, *SECRETS, *CERTIFICATES, *FLUX)
"""Kinds of a workload cluster."""

DEFAULT = Behaviour()
"""Ready after half a second, never failing."""

_HANDED_OVER = """
apiVersion: v1
kind: Secret
metadata:
  name: {{ .metadata.name }}-kubeconfig
  namespace: {{ .metadata.namespace }}
  labels: {cluster.x-k8s.io/cluster-name: {{ .metadata.name }}}
type: cluster.x-k8s.io/secret
data: {value: %s}
"""


def management_stages(
    behaviour: Behaviour | Mapping[str, Behaviour] = DEFAULT, *, kubeconfigs: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Stages of simulated hardware for a management cluster, as plain data for `Sandbox.up(stages=...)`.

    `behaviour` is the same for all kinds, or a mapping of kinds' names to theirs. `kubeconfigs` (name of a Cluster
    object -> kubeconfig) makes those clusters leave the Secret `<name>-kubeconfig` when they become ready, as
    Cluster API does.
    """
    return _with_kubeconfigs(render(MANAGEMENT, behaviour), kubeconfigs or {})


def workload_stages(behaviour: Behaviour | Mapping[str, Behaviour] = DEFAULT) -> list[dict[str, Any]]:
    """Stages of simulated hardware for a workload cluster, as plain data for `Sandbox.up(stages=...)`."""
    return render(WORKLOAD, behaviour)


def _with_kubeconfigs(stages: Sequence[dict[str, Any]], kubeconfigs: Mapping[str, str]) -> list[dict[str, Any]]:
    """Part the stage of ready Clusters into one for each named cluster and one for the others."""
    result: list[dict[str, Any]] = []
    for stage in stages:
        if stage["metadata"]["name"] != "cluster-ready" or not kubeconfigs:
            result.append(stage)
            continue
        result.append(_narrowed(stage, "cluster-ready", "NotIn", list(kubeconfigs), []))
        for name, text in kubeconfigs.items():
            secret = {"apply": {"template": _HANDED_OVER % base64.b64encode(text.encode()).decode()}}
            result.append(_narrowed(stage, f"cluster-ready-{name}", "In", [name], [secret]))
    return result


def _narrowed(
    stage: dict[str, Any], name: str, operator: str, clusters: list[str], steps: list[dict[str, Any]]
) -> dict[str, Any]:
    spec = stage["spec"]
    which = {"jq": {"key": ".metadata.name", "operator": operator, "values": clusters}}
    selector = {"matchExpressions": [*spec["selector"]["matchExpressions"], which]}
    return stage | {
        "metadata": {"name": name},
        "spec": spec | {"selector": selector, "steps": [*steps, *spec["steps"]]},
    }
