"""The enclave of a tenant: namespace, quota, queues, network policies and who may work in it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ai_factory.infra.objects import tenant
from ai_factory.infra.plan import stacks

from ._component import ComponentArgs, Outputs, names_of, tenant_named
from ._manifest import declare


@dataclass(frozen=True, kw_only=True)
class TenantEnclaveArgs(ComponentArgs):
    """Arguments of `TenantEnclave`."""

    tenant: str
    """Name of the tenant."""


class TenantEnclave(pulumi.ComponentResource):
    """Everything that one tenant has on its cluster.

    Args:
        name: Pulumi name; names of the children derive from it.
        args: see `TenantEnclaveArgs`.
        opts: options of the component.

    Raises:
        ValueError: the region has no such tenant, or a target has no provider.

    Example:
        >>> enclave = TenantEnclave("acme", TenantEnclaveArgs(plan=plan, tenant="acme", providers=providers))
        >>> pulumi.export("queues", enclave.queues)
    """

    tenant: str
    """Name of the tenant."""
    namespace: str
    """Its namespace."""
    queues: list[str]
    """Names of its local queues, one a service: what its jobs name."""
    vni: int
    """L3VNI of its VRF."""
    gpus: int
    """GPUs that it may use."""

    def __init__(self, name: str, args: TenantEnclaveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        planned = tenant_named(args.plan, args.tenant)
        stack = stacks.tenant_stack(args.plan.spec, planned.cluster, planned.number)
        block = tenant.block(args.plan, planned, stack)
        digest = {
            "tenant": planned.name,
            "cluster": planned.cluster,
            "isolation": planned.spec.isolation,
            "racks": len(planned.racks),
            "gpus": planned.gpus,
            "services": [use.name for use in planned.services],
            "objects": len(block.items),
        }
        super().__init__("ai-factory:index:TenantEnclave", name, digest, opts)
        declare(self, block, args.providers, args.registry, wait=args.wait)
        self.tenant = planned.name
        self.namespace = planned.name
        self.queues = names_of(block, "LocalQueue")
        self.vni = planned.vni
        self.gpus = planned.gpus
        self.register_outputs(self.summary)

    @property
    def summary(self) -> Outputs:
        """Outputs as plain values."""
        return {"namespace": self.namespace, "queues": self.queues, "vni": self.vni, "gpus": self.gpus}
