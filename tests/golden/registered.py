"""What each component registers: types, names, parents, providers, order, every option, secrets and outputs.

Manifests are held by the golden of their block, so an object's inputs stand here only as far as they differ from it.
"""

from __future__ import annotations

import base64
import functools
import importlib.metadata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pulumi

from ai_factory.components import (
    ClusterPlatform,
    ClusterPlatformArgs,
    ClusterProviders,
    FabricNetwork,
    FabricNetworkArgs,
    GpuCluster,
    GpuClusterArgs,
    ManagementCluster,
    ManagementClusterArgs,
    RackGroup,
    RackGroupArgs,
    Region,
    RegionArgs,
    Registry,
    Storage,
    StorageArgs,
    TenantEnclave,
    TenantEnclaveArgs,
)
from ai_factory.components._manifest import Providers
from ai_factory.infra.objects import base, region
from ai_factory.infra.objects.ids import object_id
from tests.components import harness
from tests.components.recording import UNKNOWN, Recording, Resource, Secret

from . import plans

Documents = list[dict[str, Any]]
Common = dict[str, Any]
RELEASE = "kubernetes:helm.sh/v3:Release"
PLUGIN = "pulumi-kubernetes"
KUBECONFIG = base64.b64encode(b"kind: Config\n").decode()


RENAMED = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="before")], protect=True)
"""A component that had another name, and is protected with all below it."""


class Program(NamedTuple):
    """A program that makes one component of a golden region."""

    region: str
    make: Callable[[Common], object]
    wait: bool = True
    adopt: bool = False
    preview: bool = False
    components_only: bool = False
    """For whole stacks, whose objects the other cases hold."""


def _kubeconfig(common: Common) -> None:
    """A cluster whose kubeconfig another resource of the program uses."""
    cluster = GpuCluster("lower", GpuClusterArgs(cluster="train", racks=False, **common))
    pulumi.export("kubeconfig", cluster.kubeconfig)


def _below(common: Common) -> None:
    """Providers that belong to a component."""
    parent = pulumi.ComponentResource("test:index:Parent", "parent")
    parent.register_outputs({})
    _all(ClusterProviders(common["plan"], common["registry"], root=Path("/"), parent=parent))


def _all(providers: Providers) -> None:
    """Ask for every provider: by context, by secret and by command."""
    for target in providers:
        assert providers[target] is providers[target]


PROGRAMS = {
    "management": Program(
        "strict", lambda c: ManagementCluster("upper", ManagementClusterArgs(management="management", **c))
    ),
    "management-existing": Program(
        "open", lambda c: ManagementCluster("upper", ManagementClusterArgs(management="old", **c))
    ),
    "management-not-waited-for": Program(
        "open", lambda c: ManagementCluster("upper", ManagementClusterArgs(management="new", **c)), wait=False
    ),
    "cluster": Program("strict", lambda c: GpuCluster("lower", GpuClusterArgs(cluster="train", **c))),
    "cluster-with-racks": Program("open", lambda c: GpuCluster("lower", GpuClusterArgs(cluster="servers", **c))),
    "cluster-existing": Program("strict", lambda c: GpuCluster("lower", GpuClusterArgs(cluster="twin", **c))),
    "cluster-kubeconfig": Program("strict", _kubeconfig, components_only=True),
    "cluster-kubeconfig-preview": Program("strict", _kubeconfig, components_only=True, preview=True),
    "racks": Program("strict", lambda c: RackGroup("group", RackGroupArgs(cluster="train", group=0, **c))),
    "racks-not-waited-for": Program(
        "strict", lambda c: RackGroup("group", RackGroupArgs(cluster="serve", group=0, **c)), wait=False
    ),
    "platform": Program("strict", lambda c: ClusterPlatform("plat", ClusterPlatformArgs(cluster="twin", **c))),
    "fabric": Program("strict", lambda c: FabricNetwork("net", FabricNetworkArgs(cluster="train", **c))),
    "fabric-none": Program("open", lambda c: FabricNetwork("net", FabricNetworkArgs(cluster="plain", **c))),
    "storage": Program("strict", lambda c: Storage("store", StorageArgs(cluster="twin", **c))),
    "enclave": Program("strict", lambda c: TenantEnclave("room", TenantEnclaveArgs(tenant="gov", **c))),
    "enclave-not-waited-for": Program(
        "strict", lambda c: TenantEnclave("room", TenantEnclaveArgs(tenant="acme", **c)), wait=False
    ),
    "providers": Program("strict", _below),
    "providers-adopting": Program("open", lambda c: _all(c["providers"]), adopt=True),
    "region": Program("strict", lambda c: Region("all", RegionArgs(**c), RENAMED), components_only=True),
    "region-racks": Program(
        "strict", lambda c: Region("all", RegionArgs(stack="strict.train.0", **c)), components_only=True
    ),
    "region-workload": Program(
        "strict", lambda c: Region("all", RegionArgs(stack="strict.twin", **c)), components_only=True
    ),
    "region-tenants": Program(
        "strict", lambda c: Region("all", RegionArgs(stack="strict.train.t0", **c)), components_only=True
    ),
}


def record(program: Program) -> Recording:
    """What a program registers under mocks."""
    plan = plans.plan(program.region)

    def run() -> None:
        registry = Registry()
        providers = ClusterProviders(plan, registry, root=Path("/"), adopt=program.adopt)
        program.make({"plan": plan, "registry": registry, "providers": providers, "wait": program.wait})

    return harness.run(run, preview=program.preview, state=_state)


def _state(resource: Resource) -> dict[str, Any]:
    return {"data": {"value": KUBECONFIG}} if resource.read_id is not None else {}


def documents(case: str) -> Documents:
    """Resources of a program by URN, since those that wait for the same one may change places; then its exports."""
    program = PROGRAMS[case]
    recording = record(program)
    manifests = _manifests(program.region)
    resources = [r for r in recording.by_urn().values() if not (program.components_only and _object(r))]
    shown = [_document(resource, recording, manifests) for resource in resources]
    return [*shown, {"exports": _plain(recording.exports)}] if recording.exports else shown


@functools.cache
def _manifests(name: str) -> dict[str, base.Manifest]:
    items = base.items_of(region.region_blocks(plans.plan(name)))
    return {item.id: item.manifest for item in items if isinstance(item, base.KubeObject)}


def _object(resource: Resource) -> bool:
    return resource.typ.startswith("kubernetes:") and resource.read_id is None


def _document(resource: Resource, recording: Recording, manifests: dict[str, base.Manifest]) -> dict[str, Any]:
    names = {r.urn: f"{r.typ} {r.name}" for r in recording.resources}
    facts = {
        "parent": names.get(resource.parent, ""),
        "provider": names.get(resource.provider, ""),
        "providers": {package: names[urn] for package, urn in resource.providers.items()},
        "dependencies": [names[urn] for urn in resource.dependencies],
        "read": _plain(resource.read_id),
        "options": _options(resource),
        "outputs": _plain(recording.outputs.get(resource.urn)),
        **_inputs(resource, names, manifests),
    }
    filled = {key: value for key, value in facts.items() if value not in (None, "", [], {})}
    return {"resource": f"{resource.typ} {resource.name}", **filled}


def _options(resource: Resource) -> dict[str, Any]:
    """Options, with the plugin's version by the name of the SDK that it comes with: an upgrade is no other value."""
    options = dict(_plain(resource.options))
    return options | {"version": PLUGIN} if options.get("version") == importlib.metadata.version(PLUGIN) else options


def _inputs(resource: Resource, names: dict[str, str], manifests: dict[str, base.Manifest]) -> dict[str, Any]:
    if not _object(resource) or resource.typ == RELEASE:
        return {"inputs": _plain(resource.inputs)}
    target = names[resource.provider].split()[-1]
    planned = manifests[object_id(target, resource.inputs)]
    return {"inputs beside the manifest": dict(_more(resource.inputs, planned))}


def _more(given: Any, planned: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values that differ from the planned ones, by path; a missing one is null."""
    if isinstance(given, dict) and isinstance(planned, dict):
        for key in sorted(given.keys() | planned.keys()):
            yield from _more(given.get(key), planned.get(key), f"{path}/{key}")
    elif given is not planned and given != planned:
        yield path, _plain(given)


def _plain(value: Any) -> Any:
    """Plain data that YAML can hold; what is secret or unknown says so."""
    if isinstance(value, Secret):
        return {"secret": _plain(value.value)}
    if value is UNKNOWN:
        return "(known after the update)"
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return [_plain(inner) for inner in value]


CASES: dict[str, Callable[[], Documents]] = {
    f"components/{case}": functools.partial(documents, case) for case in PROGRAMS
}
