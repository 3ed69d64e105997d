"""Pods: how they reach into their host, and how they ask for GPUs and compute domains."""

from __future__ import annotations

from collections.abc import Iterator

from ...objects.base import Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests, _pod_standard

_GPU = "nvidia.com/gpu"
_GPU_CLASSES = frozenset({"gpu.nvidia.com", "mig.nvidia.com", "vfio.gpu.nvidia.com"})
"""Device classes of the DRA driver that hand out GPUs."""


@rule.each_object(
    id="host-namespace", area="isolation", severity="error", but_not=_manifests.NUMEROUS,
    reason="a pod in the host's namespaces, privileged or with its files sees and changes what all others do there",
    remedy="remove it, or waive it for an agent of the platform that can't do without",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
)  # fmt: skip
def host_namespace(view: ObjectView) -> Iterator[Breach]:
    """Pods, and templates of pods at any depth of any kind, that the baseline pod security standard refuses; volumes of
    a host's files.

    It can't see pods that a chart or an operator makes up by itself.
    """
    if view.kind == "PersistentVolume":
        breaches = [f"{key} {view.spec[key].get('path')}" for key in ("hostPath", "local") if view.spec.get(key)]
    else:
        spec = _manifests.pod(view)
        breaches = _of_pod(spec) if spec is not None else list(_anywhere(view))
    if breaches:
        yield Breach(message=f"a pod stays out of its host: {view.kind} {view.name} has {_manifests.listed(breaches)}")


def _of_pod(spec: Manifest) -> list[str]:
    """What a pod shares with its host."""
    breaches = [key for key in _pod_standard.SWITCHES if spec.get(key)]
    breaches += [
        f"hostPath {volume['hostPath'].get('path')}" for volume in spec.get("volumes") or () if volume.get("hostPath")
    ]
    privileged = filter(_is_privileged, _manifests.containers(spec))
    breaches += [f"privileged container {container.get('name')}" for container in privileged]
    processes = [node.path for node in _manifests.walk(spec) if node.key == "hostProcess" and node.value]
    return [*breaches, *processes, *_pod_standard.faults(spec)]


def _anywhere(view: ObjectView) -> Iterator[str]:
    """What any template in an object of a kind of others shares with its host, with its place."""
    if not _manifests.strange(view):
        return
    for node in _manifests.walk(view.manifest):
        if node.key in _pod_standard.SWITCHES and _pod_standard.is_on(node.value):
            yield node.path
        elif node.key == "hostPath" and node.value:
            path = node.value.get("path") if isinstance(node.value, dict) else node.value
            yield f"hostPath {path} in {node.path}"
    yield from _pod_standard.faults(view.manifest)


def _is_privileged(container: Manifest) -> bool:
    return bool((container.get("securityContext") or {}).get("privileged"))


@rule.each_object(
    id="compute-domain-nodes", area="domain", severity="error", kinds={"ComputeDomain"},
    reason="with a number of nodes a domain waits for as many before any pod starts, and its spec can't be changed",
    remedy="set numNodes: 0; the domain follows the pods then",
    source="https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu/issues/615",
)  # fmt: skip
def compute_domain_nodes(view: ObjectView) -> Iterator[Breach]:
    """Compute domains that fix a number of nodes, whatever pods come."""
    if (nodes := _manifests.number(view.spec, "numNodes", 0)) != 0:
        yield Breach(message=f"a compute domain follows its pods, with numNodes 0: {view.name} has {nodes}")


@rule.object_set(
    id="gpu-and-claims", area="domain", severity="error",
    reason="the device plugin and the DRA driver do not know of each other: both hand out the same GPUs",
    remedy=f"ask for {_GPU} only, and keep claims for compute domains",
    source="https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/dra-intro-install.html",
)  # fmt: skip
def gpu_and_claims(views: Objects) -> Iterator[Breach]:
    """Pods that ask for GPUs both as a resource and by a claim."""
    claims = {
        (*_manifests.place(view), view.kind, view.name)
        for view in views.of_kind("ResourceClaim", "ResourceClaimTemplate")
        if _claims_gpus(view)
    }
    for view in views if claims else ():
        for kind, name in _claims_beside_gpus(view):
            if (*_manifests.place(view), kind, name) in claims:
                message = f"GPUs come by one way: {view.kind} {view.name} asks for {_GPU} and claims some by {name}"
                yield Breach(message=message, subject=view.id)


def _claims_beside_gpus(view: ObjectView) -> Iterator[tuple[str, str | None]]:
    """Kind and name of claims of those pods of an object, of whatever kind, that ask for GPUs as a resource too."""
    for spec in _manifests.templates(view):
        if any(_asks(container) for container in _manifests.containers(spec)):
            for claim in spec.get("resourceClaims") or ():
                kind = "ResourceClaim" if claim.get("resourceClaimName") else "ResourceClaimTemplate"
                yield kind, claim.get("resourceClaimName") or claim.get("resourceClaimTemplateName")


def _claims_gpus(view: ObjectView) -> bool:
    spec = (view.spec.get("spec") or {}) if view.kind == "ResourceClaimTemplate" else view.spec
    requests = (spec.get("devices") or {}).get("requests") or ()
    exact = [
        part
        for request in requests
        for part in (request.get("exactly"), *(request.get("firstAvailable") or ()))
        if part
    ]
    return any(request.get("deviceClassName") in _GPU_CLASSES for request in exact)


def _asks(container: Manifest) -> bool:
    resources = container.get("resources") or {}
    return any(_GPU in (resources.get(key) or {}) for key in ("limits", "requests"))
