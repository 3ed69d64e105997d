"""The team's program: its enclave from the AI factory, its own workload in it."""

from pathlib import Path

import pulumi

from ai_factory.components import ClusterProviders, Registry, TenantEnclave, TenantEnclaveArgs
from ai_factory.infra import plan_region
from components import FineTuning  # this program's own package; the factory's is ai_factory.components

here = Path(__file__).resolve().parent
plan = plan_region(here / "region.yaml")
registry = Registry()
providers = ClusterProviders(plan, registry, root=here)

enclave = TenantEnclave("acme", TenantEnclaveArgs(plan=plan, tenant="acme", providers=providers, registry=registry))
queue = "fine-tuning"  # one of enclave.queues: a queue for each service of the tenant
FineTuning(
    "llama",
    image="registry.example/fine-tuning:1.4.2",
    namespace=enclave.namespace,
    queue=queue,
    gpus=8,
    opts=pulumi.ResourceOptions(
        provider=providers["infer-a"],
        # One object of the enclave is enough to wait for; `depends_on=[enclave]` would name every one of them.
        depends_on=[registry[f"infer-a/LocalQueue.kueue.x-k8s.io/{enclave.namespace}/{queue}"]],
    ),
)

pulumi.export("namespace", enclave.namespace)
pulumi.export("queues", enclave.queues)
pulumi.export("gpus", enclave.gpus)
