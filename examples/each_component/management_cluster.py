"""Edge management: what every other component waits for."""

import pulumi
from factory import plan, providers

from ai_factory.components import ManagementCluster, ManagementClusterArgs

management = ManagementCluster(
    "management", ManagementClusterArgs(plan=plan, management="management", providers=providers)
)
pulumi.export("summary", management.summary)
