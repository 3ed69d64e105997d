"""All of a stack at once, as `infra/__main__.py` does."""

import pulumi
from factory import plan, providers

from ai_factory.components import Region, RegionArgs

region = Region("kr-edge", RegionArgs(plan=plan, providers=providers))
pulumi.export("summary", region.summary)
