"""Builds the sandbox's programs once a version, and checks them on every use."""

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_factory.infra.files import write_private
from ai_factory.infra.sandbox.errors import SandboxError, explain_os_errors
from ai_factory.infra.sandbox.files import locked, private_dir, require_space
from ai_factory.infra.sandbox.programs import FAMILIES, Family
from ai_factory.infra.sandbox.progress import Event, Listener, silent
from ai_factory.infra.sandbox.toolchain import Go, find_go, go_environment

BUILD_SPACE_GB = 6.5
"""Free disk needed to build all from nothing with Go 1.26 on Linux amd64: measured 6.2 GB (Go's module cache 1.4,
its build cache 4.4, the programs 0.4)."""

_MANIFEST = "manifest.json"
_QUOTED_LINES = 15


def ensure_programs(
    cache: Path, progress: Listener = silent, families: tuple[Family, ...] = FAMILIES
) -> dict[str, Path]:
    """Return where each program is, building what is missing or damaged below `cache`.

    Safe when several processes call it at once, and after an interrupt: a program appears under its name only
    when it is whole. Raises `SandboxError`.
    """
    with explain_os_errors("preparing the sandbox's programs"):
        private_dir(cache)
        waiting = Event(step="wait", detail="another process is building the sandbox's programs")
        with locked(cache / ".lock", lambda: progress(waiting)):
            missing = [
                (family, name)
                for family in families
                for name in family.programs
                if not _intact(_home(cache, family), name, progress)
            ]
            if missing:
                _build_all(cache, missing, BUILD_SPACE_GB * len(missing) / len(_names(families)), progress)
            return {name: _home(cache, family) / name for family in families for name in family.programs}


def _names(families: tuple[Family, ...]) -> list[str]:
    return [name for family in families for name in family.programs]


def _home(cache: Path, family: Family) -> Path:
    return private_dir(cache / family.cache_name)


def _build_all(cache: Path, missing: list[tuple[Family, str]], needed_gb: float, progress: Listener) -> None:
    go = find_go(cache, progress)
    _check_space(cache, go, needed_gb)
    for family, name in missing:
        _build(go, family, name, _home(cache, family), progress)


def _intact(home: Path, name: str, progress: Listener) -> bool:
    """Whether the program is there and as it was built; a damaged one is named and will be built again."""
    expected = _read_manifest(home).get(name)
    path = home / name
    if expected is None or not path.exists():
        return False
    if _sha256(path) == expected:
        return True
    detail = f"{path} is not as it was built (SHA-256 differs): building it again"
    progress(Event(step=f"check {name}", detail=detail, finished=True))
    return False


def _read_manifest(home: Path) -> dict[str, str]:
    """Program name -> SHA-256 in hexadecimal; empty when absent or unreadable, which leads to a rebuild."""
    try:
        content = json.loads((home / _MANIFEST).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in content.items()} if isinstance(content, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_space(cache: Path, go: Go, needed_gb: float) -> None:
    """Refuse to start a build that can't end well: look at the disks of our cache and of Go's own two."""
    reply = subprocess.run(  # noqa: S603
        [go.path, "env", "GOCACHE", "GOMODCACHE"], env=go_environment(), capture_output=True, text=True, check=True
    )
    for folder in (cache, *map(Path, reply.stdout.split("\n")[:2])):
        require_space(folder, needed_gb, "building the sandbox's programs")


def _build(go: Go, family: Family, name: str, home: Path, progress: Listener) -> None:
    """Build one program to a temporary name, note its digest, and give it its name."""
    step = f"build {name} {family.version}"
    package = family.programs[name]
    partial = home / f".{name}.partial"
    total = _count_packages(go, family, package)
    flags = ["-v", "-ldflags", f"-s -w {family.ldflags}".rstrip(), "-o", str(partial)]
    with _go(go, family, ["build", *flags, package]) as process:
        lines = _follow(process, lambda done, line: progress(Event(step=step, detail=line, done=done, total=total)))
    if process.returncode != 0:
        raise _build_error(name, lines)
    partial.chmod(0o700)
    write_private(home / _MANIFEST, json.dumps(_read_manifest(home) | {name: _sha256(partial)}, indent=1))
    partial.replace(home / name)
    progress(Event(step=step, detail=f"with {go.version}", done=total, total=total, finished=True))


def _count_packages(go: Go, family: Family, package: str) -> int:
    """How many packages the program is made of: the length of the progress bar."""
    with _go(go, family, ["list", "-deps", package]) as process:
        lines = _follow(process, lambda done, line: None)
    if process.returncode != 0:
        raise _build_error(package, lines)
    return len([line for line in lines if not line.startswith("go: ")])


@contextmanager
def _go(go: Go, family: Family, arguments: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run Go in the family's module; it is stopped with all its children if the block is left early."""
    process = subprocess.Popen(  # noqa: S603
        [go.path, *arguments],
        cwd=family.module_dir,
        env=go_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _follow(process: "subprocess.Popen[str]", seen: Callable[[int, str], None]) -> list[str]:
    """Read the output to its end, telling each line and its number."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line.rstrip())
        seen(len(lines), lines[-1])
    process.wait()
    return lines


def _build_error(name: str, lines: list[str]) -> SandboxError:
    """What Go said, as an error with the remedy for the usual causes."""
    text = "\n".join(lines[-_QUOTED_LINES:])
    if "no space left on device" in text:
        remedy = "Free some space and run the command again: it goes on where it stopped."
    elif any(sign in text for sign in ("dial tcp", "no such host", "timeout", "connection refused", "proxyconnect")):
        remedy = "Check that the Go module proxy can be reached (`go env GOPROXY`) and run the command again."
    else:
        remedy = (
            "Run the command again; if it fails the same way, the module cache may be damaged (`go clean -modcache`)."
        )
    return SandboxError(f"building {name} failed:\n{text}\n", remedy)
