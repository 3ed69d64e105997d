"""Registers what a block yields as children of a component: Kubernetes objects as they are, charts as releases.

State holds the Python call stack of every resource (38 % of a small one), so the calls between a program and
its resources are few and plain loops.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from ai_factory.infra.objects import base

from . import _kubernetes as kubernetes

Providers = Mapping[str, pulumi.ProviderResource]
"""Provider by target: the name of a management or GPU cluster of the region."""

PLUGIN_VERSION = importlib.metadata.version("pulumi-kubernetes")
WAIT_FOR = "pulumi.com/waitFor"
SKIP_AWAIT = "pulumi.com/skipAwait"
AWAITED_KINDS = frozenset(
    {
        "DaemonSet",
        "Deployment",
        "Ingress",
        "Job",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "ReplicationController",
        "ResourceQuota",
        "Service",
        "StatefulSet",
    }
)
"""Built-in kinds whose readiness the provider awaits unasked (pulumi-kubernetes `provider/pkg/await/awaiters.go`)."""
RELEASE_TIMEOUT_SECONDS = 900
"""How long a chart may take to come up; the provider's own 300 s are short where images come from afar."""


class Manifest(pulumi.CustomResource):
    """Any Kubernetes object, under the type token that the provider's own SDK gives its kind.

    `pulumi_kubernetes.apiextensions.CustomResource` takes only `metadata` and `spec`; kinds with other top-level
    fields (StorageClass, ConfigMap, Topology) need the whole manifest.

    Args:
        name: Pulumi name.
        manifest: the object in the API's own camelCase. Nothing of it is made secret: wrap the values of a Secret in
            `pulumi.Output.secret`.
        opts: options; the provider's version is that of the installed SDK if left out, as for the SDK's own classes.

    Example:
        >>> settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "data": {"epochs": "3"}}
        >>> Manifest("settings", settings, pulumi.ResourceOptions(provider=providers["infer-a"]))
    """

    def __init__(self, name: str, manifest: base.Manifest, opts: pulumi.ResourceOptions) -> None:
        if opts.version is None:
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=PLUGIN_VERSION))
        super().__init__(type_token(manifest), name, manifest, opts)


class Registry:
    """What one program has declared so far, by object id (`<target>/<Kind>.<group>/<namespace>/<name>`).

    Share one between the components of a program, so that they wait for each other's objects. A resource of your
    own waits for one object, `depends_on=[registry["infer-a/Namespace//acme"]]`; to depend on a whole component
    would put each of its objects into the state of each resource that does.
    """

    def __init__(self) -> None:
        self._declared: dict[str, pulumi.CustomResource] = {}
        self._missed: dict[str, str] = {}

    def get(self, object_id: str) -> pulumi.CustomResource | None:
        """The resource that declares an object; None while this program has not declared it."""
        return self._declared.get(object_id)

    def __getitem__(self, object_id: str) -> pulumi.CustomResource:
        """The resource that declares an object (KeyError if none does)."""
        return self._declared[object_id]

    def add(self, object_id: str, resource: pulumi.CustomResource) -> None:
        """Remember a declared object.

        Raises:
            ValueError: it is declared already, or something that comes after it has been declared before it.
        """
        if object_id in self._declared:
            raise ValueError(f"{object_id} is declared twice in this program; leave one of the two components out")
        if object_id in self._missed:
            raise ValueError(
                f"{object_id} is declared too late: {self._missed[object_id]} comes after it; "
                "declare the component that holds it first"
            )
        self._declared[object_id] = resource

    def resolve(self, object_id: str, after: Iterable[str]) -> list[pulumi.CustomResource]:
        """Resources that an object depends on; ids of other stacks are dropped, the stack order sees to them."""
        resources = []
        for earlier_id in after:
            if earlier_id in self._declared:
                resources.append(self._declared[earlier_id])
            else:
                self._missed[earlier_id] = object_id
        return resources


def type_token(manifest: base.Manifest) -> str:
    """Pulumi type token of a manifest's kind, as the typed SDK has it: the provider reads the kind back from it.

    >>> type_token({"apiVersion": "v1", "kind": "Namespace"})
    'kubernetes:core/v1:Namespace'
    >>> type_token({"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster"})
    'kubernetes:cluster.x-k8s.io/v1beta2:Cluster'
    """
    version: str = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"


def declare(
    component: pulumi.ComponentResource,
    block: base.Block,
    providers: Providers,
    registry: Registry,
    *,
    wait: bool,
) -> None:
    """Register the items of a block, in order, as children of a component.

    Args:
        component: their parent; child names derive from its name.
        block: what to declare; its child blocks are left to the components that stand for them.
        providers: provider by target.
        registry: what `after` refers to; the items are added.
        wait: whether to wait for readiness where the block says what ready means.

    Raises:
        ValueError: a target has no provider, or an object is declared twice or too late.
    """
    _require_providers(block, providers)
    for item in block.items:
        name = base.resource_name(component.pulumi_resource_name, item)
        opts = _options(item, component, providers[item.target], registry, wait)
        registry.add(
            item.id,
            Manifest(name, _annotated(item, wait), opts)
            if isinstance(item, base.KubeObject)
            else kubernetes.Release(name, opts=opts, **_release(item, wait)),
        )


def _require_providers(block: base.Block, providers: Providers) -> None:
    """Refuse a block that a component declares, where a target has no provider."""
    targets = dict.fromkeys(item.target for item in block.items)
    if missing := [target for target in targets if target not in providers]:
        raise ValueError(
            f"{block.type} {block.name} applies objects to {', '.join(missing)}, for which providers has no entry; "
            f"given: {', '.join(sorted(providers)) or 'none'}"
        )


def _options(
    item: base.Item,
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    registry: Registry,
    wait: bool,
) -> pulumi.ResourceOptions:
    opts = pulumi.ResourceOptions(
        parent=parent,
        provider=provider,
        depends_on=registry.resolve(item.id, item.after),
        # A replacement of an object that keeps its name would delete what was just created.
        delete_before_replace=True,
    )
    if isinstance(item, base.KubeObject):
        # None lets a component's own `protect` reach its children.
        opts.protect = item.protect or None
        opts.ignore_changes = list(item.ignore_changes) or None
        opts.retain_on_delete = item.retain or None
        if wait and item.wait_for is not None:
            seconds = f"{item.timeout_seconds}s"
            opts.custom_timeouts = pulumi.CustomTimeouts(create=seconds, update=seconds, delete=seconds)
    return opts


def _annotated(item: base.KubeObject, wait: bool) -> base.Manifest:
    """The manifest with what the provider is to wait for; a copy, because manifests are shared values."""
    manifest = item.applied
    if wait and item.wait_for is not None:
        return _with_annotation(manifest, WAIT_FOR, item.wait_for)
    if not wait and manifest["kind"] in AWAITED_KINDS:
        return _with_annotation(manifest, SKIP_AWAIT, "true")
    return manifest


def _with_annotation(manifest: base.Manifest, key: str, value: str) -> base.Manifest:
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), key: value}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def _release(item: base.HelmRelease, wait: bool) -> dict[str, Any]:
    oci = item.repo.startswith("oci://")
    return {
        "name": item.name,
        "namespace": item.namespace,
        "chart": f"{item.repo.rstrip('/')}/{item.chart}" if oci else item.chart,
        "version": item.version,
        "repository_opts": None if oci else kubernetes.RepositoryOptsArgs(repo=item.repo),
        "values": item.values,
        "skip_await": not wait,
        "timeout": RELEASE_TIMEOUT_SECONDS,
    }
