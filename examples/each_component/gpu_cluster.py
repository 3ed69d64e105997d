"""A GPU cluster on its management cluster: control plane, templates, and in a single stack its racks."""

import pulumi
from factory import plan, providers

from ai_factory.components import GpuCluster, GpuClusterArgs

cluster = GpuCluster("train-a", GpuClusterArgs(plan=plan, cluster="train-a", providers=providers))
pulumi.export("summary", cluster.summary)
