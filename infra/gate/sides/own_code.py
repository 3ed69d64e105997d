"""Plans the base by the base's own copy of this package, where a change touches the package too.

Run as a process of its own: `python -m ai_factory.infra.gate.elsewhere FOLDER STORE JOBS NAME..`. It prints one JSON
value and leaves shards in the store, a folder of this run alone, from which they are taken over into the cache. Only
merged code is run this way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ...errors import FactoryError
from ...files import PACKAGE
from ..cache.computing import Computing, Task
from ..cache.fingerprint import FORMAT, FORMER, digest, libraries
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which regions of a base its own copy is to plan."""

    code: Path
    """Project folder of that copy."""
    folder: Path
    """Project folder of the regions."""
    tree: str
    """Commit and folder that both are of."""
    names: tuple[str, ...]
    """Regions."""

    @property
    def key(self) -> str:
        """Key of the answer in the cache: digest of all that it follows from."""
        return digest("own code", libraries(), self.tree, *self.names)


def ask(question: Question, store: Store, jobs: int) -> Answer:
    """Have a base's regions planned by its own copy of this package, in another process; or what it said before.

    Args:
        question: the copy and the regions.
        store: the cache, to which answer and shards go.
        jobs: processes at most.

    Raises:
        OwnCodeError: the copy is too old to be asked, or failed.
    """
    before = store.record(question.key, "answer", Answer)
    if before is not None and all(store.shard(key) == head for key, head in before.shards.items()):
        return before
    with tempfile.TemporaryDirectory(prefix="aifactory-gate-base-") as scratch:
        answer = _asked(question, Path(scratch), jobs)
        shards = _taken_over(answer, Path(scratch), store)
    answer = msgspec.structs.replace(answer, shards=shards)
    store.put_record(question.key, "answer", answer)
    return answer


def _asked(question: Question, scratch: Path, jobs: int) -> Answer:
    # -P: a module in the working directory, which the change may bring, must not take the place of a library.
    command = [sys.executable, "-P", "-m", _MODULE, str(question.folder), str(scratch), str(jobs), *question.names]
    environment = {**os.environ, "PYTHONPATH": str(question.code / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
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
    if not Path(answer.package).is_relative_to(question.code.resolve()):
        raise OwnCodeError("another copy answered in its place")
    return answer


def _taken_over(answer: Answer, scratch: Path, store: Store) -> dict[str, ShardHead]:
    """Shards of an answer, by key, brought into the cache in the form of this copy."""
    shards: dict[str, ShardHead] = {}
    for key, head in answer.shards.items():
        taken = store.take_over(head, scratch, answer.format)
        if taken is None or head.key != key:
            raise OwnCodeError("its records can't be read")
        shards[key] = taken
    return shards


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
