"""The first 32 racks of a cluster: hosts, credentials, machine deployments."""

import pulumi
from factory import plan, providers

from ai_factory.components import RackGroup, RackGroupArgs

racks = RackGroup("train-a-0", RackGroupArgs(plan=plan, cluster="train-a", group=0, providers=providers))
pulumi.export("summary", racks.summary)
