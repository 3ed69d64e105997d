"""The programs of the sandbox: which Go packages they are built from, and at which versions.

The versions themselves are pinned, with all that they depend on, by the `go.mod` and `go.sum` of each family
under `gomod/`; the constants here name the same versions and a test holds the two together.
"""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

GOMOD_DIR = Path(__file__).parent / "gomod"

KUBERNETES_VERSION = "v1.37.2"
ETCD_VERSION = "v3.6.16"
KWOK_VERSION = "v0.8.0"

# Without these the server reports v0.0.0-master (k8s.io/component-base/version/base.go).
_KUBERNETES_LDFLAGS = (
    f"-X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION} "
    f"-X k8s.io/component-base/version.gitMajor={KUBERNETES_VERSION.removeprefix('v').split('.')[0]} "
    f"-X k8s.io/component-base/version.gitMinor={KUBERNETES_VERSION.split('.')[1]} "
    "-X k8s.io/component-base/version.gitTreeState=clean"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Programs built from one module file. They have a file each because their dependencies conflict."""

    name: str
    """Name of the folder under `gomod/`."""
    version: str
    """Version of the main module, with its `v`."""
    programs: dict[str, str]
    """Program name -> Go package."""
    ldflags: str = ""
    """Linker flags beside `-s -w`."""

    @property
    def module_dir(self) -> Path:
        """The folder with `go.mod` and `go.sum`."""
        return GOMOD_DIR / self.name

    @property
    def cache_name(self) -> str:
        """Folder of the built programs: differs with any change of a dependency, a flag or the machine."""
        pins = b"".join((self.module_dir / file).read_bytes() for file in ("go.mod", "go.sum"))
        digest = hashlib.sha256(pins + self.ldflags.encode()).hexdigest()[:12]
        return f"{self.name}-{self.version}-{platform.system()}-{platform.machine()}-{digest}".lower()


FAMILIES = (
    Family(name="etcd", version=ETCD_VERSION, programs={"etcd": "go.etcd.io/etcd/server/v3"}),
    Family(name="kwok", version=KWOK_VERSION, programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
    Family(
        name="kubernetes",
        version=KUBERNETES_VERSION,
        programs={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        },
        ldflags=_KUBERNETES_LDFLAGS,
    ),
)
