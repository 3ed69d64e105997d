"""A local control plane on loopback: API servers built from pinned Go modules, kwok in place of hardware.

    sandbox = Sandbox()
    with display() as progress:
        sandbox.up([Cluster(name="lab-management", role="management"), Cluster(name="lab-train")], progress=progress)

Every method raises `SandboxError` for what a user can mend, and nothing else on purpose.

Read `sandbox` (up, down, status, logs), then `start` (what `up` does, in order) and `state` (what is remembered
between commands). Programs: `programs` (which, at which versions), `build`, `toolchain` (Go), `commands` (their
command lines), `processes` (starting, finding and stopping them), `health`, `ports`, `memory`. Files: `layout` (paths
below the sandbox's folder), `certs`, `kubeconfig`, `files` (private folders, the lock). In the clusters: `crds`
(custom kinds), `objects` (the marker and kwok's leases), `kwok_config`, and the simulated hardware: `stages`, made by
`simulated` from the kinds in `simulated_clusters` and `simulated_services`. `progress` and `errors` are what callers
see of it.
"""

from ai_factory.infra.sandbox.crds import read_crds, stand_in, stand_ins
from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.objects import MARKER_NAME, MARKER_NAMESPACE, install_crds
from ai_factory.infra.sandbox.progress import Event, Listener, display, silent
from ai_factory.infra.sandbox.sandbox import ProcessStatus, Sandbox, UpReport
from ai_factory.infra.sandbox.simulated import Behaviour
from ai_factory.infra.sandbox.stages import management_stages, workload_stages
from ai_factory.infra.sandbox.state import Cluster

__all__ = [
    "MARKER_NAME",
    "MARKER_NAMESPACE",
    "Behaviour",
    "Cluster",
    "Event",
    "Listener",
    "ProcessStatus",
    "Sandbox",
    "SandboxError",
    "UpReport",
    "display",
    "install_crds",
    "management_stages",
    "read_crds",
    "silent",
    "stand_in",
    "stand_ins",
    "workload_stages",
]
