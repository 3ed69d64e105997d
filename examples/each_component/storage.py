"""Storage classes of a cluster and what provides them."""

import pulumi
from factory import plan, providers

from ai_factory.components import Storage, StorageArgs

storage = Storage("train-a", StorageArgs(plan=plan, cluster="train-a", providers=providers))
pulumi.export("summary", storage.summary)
