"""What the sandbox remembers between commands: clusters, ports and the processes it started."""

from pathlib import Path
from typing import Literal

import pydantic

from ai_factory.infra.files import write_private
from ai_factory.infra.sandbox.errors import SandboxError

FILE = "state.json"


class Cluster(pydantic.BaseModel):
    """One cluster of the region."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str = pydantic.Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
    """Name of the cluster and of its kubeconfig context: a DNS label (RFC 1123)."""
    role: Literal["management", "workload"] = "workload"
    """A management cluster has no scheduler: nothing runs on it in the sandbox."""


class Process(pydantic.BaseModel):
    """A process that the sandbox started."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str
    """`etcd`, or `<cluster>/<program>`."""
    pid: int
    started: str
    """When it started, as `processes.start_mark` gives it: tells it from a later process of the same id."""
    argv: tuple[str, ...]
    port: int
    """The port that tells its health."""
    log: str
    """File of its output."""

    @property
    def cluster(self) -> str:
        """Name of the cluster, empty for etcd, which serves all."""
        return self.name.rpartition("/")[0]

    @property
    def program(self) -> str:
        """Name of the program."""
        return self.name.rpartition("/")[2]


class State(pydantic.BaseModel):
    """Everything in the state file."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    clusters: tuple[Cluster, ...] = ()
    ports: dict[str, int] = {}
    """Process name -> port; kept while the sandbox is down, so that a restart finds the same."""
    processes: dict[str, Process] = {}
    """Process name -> the process last started under it."""
    left_out: dict[str, tuple[str, ...]] = {}
    """Cluster name -> kinds whose stages kwok was not given, because the API server does not serve them."""


def load(root: Path) -> State:
    """Read the sandbox's state file below `root`; empty without one. Raises `SandboxError` when it can't be read."""
    path = root / FILE
    try:
        return State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return State()
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise SandboxError(
            f"{path}: not a state file of this version: {'.'.join(map(str, first['loc']))}: {first['msg']}",
            "Stop the processes that it names, remove the directory, and start the sandbox again.",
        ) from None


def save(root: Path, state: State) -> State:
    """Write the sandbox's state file below `root` and return the state."""
    write_private(root / FILE, state.model_dump_json(indent=1))
    return state
