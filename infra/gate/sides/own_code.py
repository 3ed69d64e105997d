"""Plans the base by the base's own copy of this package, where a change touches the package too.

Run as a process of its own: `python -m ai_factory.infra.gate.elsewhere FOLDER STORE JOBS NAME..`. It prints one JSON
value and leaves shards in the store. Only code that is merged already is run this way.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from ...errors import FactoryError
from ...files import PACKAGE
from ..cache.computing import Computing, Task
from ..cache.fingerprint import FORMAT, FORMER
from ..cache.store import Store
from ..records import Outline, ShardHead

_MODULE = "ai_factory.infra.gate.elsewhere"
"""The name that copies of before and after have in common."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the process prints."""

    format: int
    package: str
    """Folder of the copy that ran."""
    outlines: dict[str, Outline]
    shards: dict[str, ShardHead]
    """By key."""
    faults: dict[str, str]
    """First fault of the regions that can't be planned."""


class OwnCodeError(FactoryError):
    """The base's copy can't plan it; the message says why."""


def ask(code: Path, folder: Path, store: Path, jobs: int, names: list[str]) -> Answer:
    """Have a base's regions planned by its own copy of this package, in another process.

    Args:
        code: project folder of that copy.
        folder: project folder of the regions.
        store: folder of the cache.
        jobs: processes at most.
        names: regions.

    Raises:
        OwnCodeError: the copy is too old to be asked, or failed.
    """
    # -P: a module in the working directory, which the change may bring, must not take the place of a library.
    command = [sys.executable, "-P", "-m", _MODULE, str(folder), str(store), str(jobs), *names]
    environment = {**os.environ, "PYTHONPATH": str(code / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)  # noqa: S603 merged code only
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        why = last[0].removeprefix(f"{sys.executable}: ") if last else f"it ended with {done.returncode}"
        raise OwnCodeError(why)
    try:
        answer = msgspec.json.decode(done.stdout, type=Answer)
    except msgspec.MsgspecError as error:
        raise OwnCodeError(f"its records are of another form ({error})") from None
    if answer.format not in (FORMAT, FORMER):
        raise OwnCodeError(f"its records are of format {answer.format}, not {FORMAT} or {FORMER}")
    if not Path(answer.package).is_relative_to(code.resolve()):
        raise OwnCodeError("another copy answered in its place")
    return answer if answer.format == FORMAT else _taken_over(answer, Store(store))


def _taken_over(answer: Answer, store: Store) -> Answer:
    """The answer of a copy that writes the format before, with its shards in this one."""
    shards = {key: taken for key, head in answer.shards.items() if (taken := store.take_over(head)) is not None}
    if len(shards) < len(answer.shards):
        raise OwnCodeError("its records can't be read")
    return msgspec.structs.replace(answer, shards=shards)


def main(folder: str, store: str, jobs: str, *names: str) -> None:
    """Plan a base by its own code, in a process of its own; print outlines, shards' heads and faults as JSON."""
    from ...plan import regions
    from ...spec.problems import InputError

    computing = Computing(Store(Path(store)), int(jobs))
    outlines: dict[str, Outline] = {}
    heads: dict[str, ShardHead] = {}
    faults: dict[str, str] = {}
    for name in names:
        file = Path(folder) / regions.REGIONS / f"{name}.yaml"
        try:
            outline = computing.outline(file)
            planned, problems = computing.shards(Task(file, shard, key) for shard, key in outline.shards.items())
            for faults_of_shard in problems.values():
                raise InputError(faults_of_shard)
        except InputError as error:
            faults[name] = str(error.problems[0])
            continue
        outlines[name] = outline
        heads |= planned
    answer = Answer(format=FORMAT, package=str(PACKAGE), outlines=outlines, shards=heads, faults=faults)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
