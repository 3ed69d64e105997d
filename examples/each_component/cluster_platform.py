"""Operators, queues with topology, and policies of a cluster."""

import pulumi
from factory import plan, providers

from ai_factory.components import ClusterPlatform, ClusterPlatformArgs

platform = ClusterPlatform("train-a", ClusterPlatformArgs(plan=plan, cluster="train-a", providers=providers))
pulumi.export("summary", platform.summary)
