"""Everything that one tenant has: namespace, quota, queues, policies, rights."""

import pulumi
from factory import plan, providers

from ai_factory.components import TenantEnclave, TenantEnclaveArgs

enclave = TenantEnclave("acme", TenantEnclaveArgs(plan=plan, tenant="acme", providers=providers))
pulumi.export("summary", enclave.summary)
