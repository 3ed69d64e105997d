"""Devices that tenants' pods claim, and how queues count them: the channel of a compute domain.

Kueue admits a pod with a claim only if the claim comes of a template, every device class in it is mapped to a resource
that the queue covers, and each request is for an exact count (kueue v0.19.2, pkg/dra/claims.go). So these stay out for
good: claims by name (`resourceClaimName`), requests with `allocationMode: All`, `firstAvailable` or `adminAccess`, and
classes that are not for tenants, as that of a domain's daemon. The templates that the driver makes ask for one channel
(dra-driver-nvidia-gpu v0.4.1, templates/compute-domain-workload-claim-template.tmpl.yaml), also for a domain with
`channel.allocationMode: All`: that word stands in the driver's own parameters, which Kueue does not read. Channels are
counted only; which node a pod gets, Kueue's topology derives from its containers' requests
(pkg/scheduler/flavorassigner/tas_flavorassigner.go).
"""

from __future__ import annotations

from typing import Final

from ..plan.model import ClusterPlan

CHANNEL: Final = "nvidia.com/compute-domain-channel"
"""Resource as which queues count channels of compute domains; no node offers it, and no container asks for it."""


def by_resource(cluster: ClusterPlan) -> dict[str, list[str]]:
    """Device classes that tenants' pods may claim, by the resource as which their queues count them.

    Name of the class: dra-driver-nvidia-gpu v0.4.1, templates/deviceclass-compute-domain-default-channel.yaml. It has
    one device on each node, where a second pod with a claim would wait: pods that claim one ask for all of its GPUs.
    """
    return {CHANNEL: ["compute-domain-default-channel.nvidia.com"]} if cluster.system.rack_scale else {}
