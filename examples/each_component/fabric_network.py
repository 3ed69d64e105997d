"""The compute fabric as pods see it: rails, pools and partitions."""

import pulumi
from factory import plan, providers

from ai_factory.components import FabricNetwork, FabricNetworkArgs

fabric = FabricNetwork("train-a", FabricNetworkArgs(plan=plan, cluster="train-a", providers=providers))
pulumi.export("summary", fabric.summary)
