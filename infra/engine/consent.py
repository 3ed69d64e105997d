"""Programs that a region file names: run only once the user has allowed each, since the file may be a branch's.

What was allowed is remembered in the user's state, by the words of the command and the content of a script.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from .. import spec
from ..errors import RefusedError
from ..files import PRIVATE, state_home, write_whole
from ..plan.model import RegionPlan

ALLOW = "AIFACTORY_ACCESS_COMMANDS"
"""Set to `allow` where only reviewed commits run: a pipeline on the default branch."""

Ask = Callable[[str], bool]
"""Puts a question to the user; True for yes."""


def require(plan: RegionPlan, targets: Iterable[str], root: Path, ask: Ask | None) -> None:
    """See that every program that gives access to these clusters may be run.

    Args:
        plan: the region.
        targets: names of clusters.
        root: the project's folder, where the programs would run.
        ask: asks the user; None where nobody can answer.

    Raises:
        RefusedError: programs that were not allowed, all at once.
    """
    if os.environ.get(ALLOW) == "allow":
        return
    refused = []
    allowed = _allowed()
    for target in dict.fromkeys(targets):
        command = plan.access(target).exec
        if command is None or (mark := _mark(command, root)) in allowed:
            continue
        words = shlex.join((command.command, *command.args))
        question = f"{target}: the region file gives access by a program on this machine: {words}\nRun it?"
        if ask is not None and ask(question):
            allowed |= {mark}
            _remember(allowed)
        else:
            refused.append(f"{target}: access by a program that was not allowed on this machine: {words}")
    if refused:
        remedy = f"on a terminal you are asked; a pipeline that runs reviewed commits only sets {ALLOW}=allow"
        raise RefusedError("\n".join(refused), remedy)


def _mark(command: spec.Exec, root: Path) -> str:
    """Digest of a command and its server, and of scripts among its words, whose text a branch may change."""
    parts = [command.command, *command.args, command.server]
    for word in (shutil.which(command.command) or command.command, *command.args):
        script = Path(word).resolve()
        if script.is_file() and script.is_relative_to(root.resolve()):
            with script.open("rb") as stream:
                parts.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _file() -> Path:
    return state_home() / "access-commands"


def _allowed() -> frozenset[str]:
    try:
        return frozenset(_file().read_text(encoding="utf-8").split())
    except OSError:
        return frozenset()


def _remember(marks: frozenset[str]) -> None:
    _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(_file(), "".join(f"{mark}\n" for mark in sorted(marks)), PRIVATE)
