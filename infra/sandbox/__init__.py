"""A local control plane on loopback: API servers built from pinned Go modules, kwok in place of hardware.

    sandbox = Sandbox()
    with display() as progress:
        sandbox.up([Cluster(name="lab-management", role="management"), Cluster(name="lab-train")], progress=progress)

Every method raises `SandboxError` for what a user can mend, and nothing else on purpose.

- `sandbox`: up, down, status, logs; `start`: what `up` does, in order; `state`: what is remembered between commands.
- `programs`: which, at which versions; `build`: building them; `toolchain`: Go; `commands`: their command lines.
- `processes`: starting, finding, stopping them, their logs; `health`: asking servers whether they are well, what they
  serve; `ports`; `memory`: whether clusters fit the machine.
- `layout`: where state and programs lie, paths below the sandbox's folder; `files`: private folders, disk space, the
  lock; `certs`: keys and authorities; `kubeconfig`.
- `objects`: what the sandbox itself puts into a cluster or waits for there: custom kinds installed, the marker, the
  default account, kwok's leases. `crds`: definitions of custom kinds, read from files or stand-ins.
- `stages`: simulated hardware of a cluster, from the kinds in `simulated_clusters` and `simulated_services`, which
  `simulated` renders; `kwok_config`: kwok's file with its built-in stages, and which stages a server can have.
- `progress` and `errors` are what callers see of it.
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
