"""A fine-tuning job that waits in a queue of the team's enclave."""

from __future__ import annotations

import pulumi

from ai_factory.components import Manifest


class FineTuning(pulumi.ComponentResource):
    """One job of a number of GPUs; Kueue starts it when the queue's quota allows."""

    def __init__(
        self,
        name: str,
        *,
        image: str,
        namespace: str,
        queue: str,
        gpus: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fine-tuning:index:FineTuning", name, {"image": image, "gpus": gpus}, opts)
        limits = {"nvidia.com/gpu": str(gpus)}
        container = {
            "name": "train",
            "image": image,
            "resources": {"limits": limits, "requests": limits},
            # The enclave holds its pods to the "restricted" pod security standard.
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        restricted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
        pod = {"restartPolicy": "Never", "securityContext": restricted, "containers": [container]}
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": namespace, "labels": {"kueue.x-k8s.io/queue-name": queue}},
            "spec": {"suspend": True, "template": {"spec": pod}},
        }
        Manifest(f"{name}-job", job, pulumi.ResourceOptions(parent=self, ignore_changes=["spec.suspend"]))
        self.register_outputs({})
