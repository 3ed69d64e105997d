"""Paths and credentials of one sandbox, below its private directory."""

from dataclasses import dataclass
from pathlib import Path

from ai_factory.infra.files import cache_home, state_home, write_private
from ai_factory.infra.sandbox.certs import Authority, Pair, ensure_token_keys
from ai_factory.infra.sandbox.files import private_dir
from ai_factory.infra.sandbox.kubeconfig import Access, render

ETCD = "etcd"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is below `root`. Credentials are made when first asked for and kept."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held while the sandbox is changed."""
        return self.root / ".lock"

    @property
    def kubeconfig(self) -> Path:
        """The user's kubeconfig, with a context a cluster."""
        return self.root / "kubeconfig"

    @property
    def data(self) -> Path:
        """etcd's data."""
        return self.root / "etcd"

    def cluster(self, name: str) -> Path:
        """Private folder of one cluster."""
        return private_dir(private_dir(self.root / "clusters") / name)

    def log(self, process: str) -> Path:
        """Log file of a process named `etcd` or `<cluster>/<program>`."""
        return private_dir(self.root / "logs") / f"{process.replace('/', '.')}.log"

    def stages(self, cluster: str) -> Path:
        """kwok's configuration for one cluster."""
        return self.cluster(cluster) / "kwok.yaml"

    def apiserver_settings(self, cluster: str) -> Path:
        """Folder of the files that flags of a cluster's API server name."""
        return private_dir(self.cluster(cluster) / "apiserver")

    def audit_logs(self, cluster: str) -> Path:
        """Folder of a cluster's audit logs."""
        return private_dir(private_dir(self.root / "audit") / cluster)

    @property
    def authority(self) -> Authority:
        """Signs the API servers and their clients."""
        return Authority(self.root / "pki", "ca").ensure()

    @property
    def etcd_authority(self) -> Authority:
        """Signs etcd and its clients."""
        return Authority(self.root / "pki", "etcd-ca").ensure()

    def etcd_pair(self, role: str) -> Pair:
        """Certificate of etcd's `server`, or of the `client`s that may use it."""
        return self.etcd_authority.issue(self.root / "pki", f"etcd-{role}", common_name=f"etcd-{role}")

    def serving_pair(self, cluster: str, program: str) -> Pair:
        """Serving certificate of a program."""
        return self.authority.issue(self.cluster(cluster), program, common_name=program)

    def token_keys(self, cluster: str) -> Pair:
        """Key pair of the service-account tokens of a cluster."""
        return ensure_token_keys(self.cluster(cluster))

    def admin(self, cluster: str, port: int) -> Access:
        """Access as the sandbox's administrator (group `system:masters`)."""
        pair = self.authority.issue(
            self.cluster(cluster), "admin", common_name="aifactory-sandbox-admin", groups=("system:masters",)
        )
        return Access(port=port, ca=self.authority.cert, client=pair)

    def component_kubeconfig(self, cluster: str, program: str, port: int) -> Path:
        """Write the kubeconfig by which a program reaches its API server.

        The user names are those that the server's built-in role bindings know; kwok, which has none, is an
        administrator.
        """
        groups = ("system:masters",) if program == "kwok" else ()
        client = self.authority.issue(
            self.cluster(cluster), f"{program}-client", common_name=f"system:{program}", groups=groups
        )
        access = Access(port=port, ca=self.authority.cert, client=client)
        return write_private(self.cluster(cluster) / f"{program}.kubeconfig", render({cluster: access}))


def default_state_dir() -> Path:
    """Folder of the sandbox below the user's state."""
    return state_home() / "sandbox"


def default_cache_dir() -> Path:
    """Folder of built programs below the user's cache."""
    return cache_home() / "bin"
