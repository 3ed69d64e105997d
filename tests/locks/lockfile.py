"""Lock files as pip-compile writes them, read strictly: a line that is no pin, hash or comment is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOTS = re.compile(r"ai-factory \(pyproject\.toml\)|-r [\w-]+\.in")
"""How pip-compile names the file that asks, in its comments `via`."""
_PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([0-9][\w.!+]*)(?: ; [^\\:]+)? \\")
_HASH = re.compile(r"    --hash=sha256:([0-9a-f]{64})( \\)?")
_VIA = re.compile(r"    #(?: via|  )(?: (\S.*))?")
_PLACE = re.compile(r"://|(?<!no-emit-)\b(?:index-url|trusted-host|find-links)\b")


@dataclass(slots=True)
class Pin:
    """A package at a version, as a lock pins it."""

    name: str
    """As PyPI normalizes it."""
    version: str
    hashes: list[str] = field(default_factory=list)
    """SHA-256 in hexadecimal, of each file that may be installed."""
    askers: list[str] = field(default_factory=list)
    """Packages that need it, and files (`ROOTS`)."""
    ended: bool = False
    """Whether its last hash has come: nothing may follow but comments."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The pins of a lock in their order, and its lines that are neither pin nor hash nor comment."""

    pins: Sequence[Pin]
    strange: Sequence[str]


def read(text: str) -> Lock:
    """Read a lock; faults in it are for `faults`."""
    pins: list[Pin] = []
    strange = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not _take(line, pins):
            strange.append(f"line {number} is no pin, hash or comment: {line.strip()}")
    return Lock(pins=pins, strange=strange)


def _take(line: str, pins: list[Pin]) -> bool:
    """Take a line up into the pins; False where it has no place there."""
    if match := _PIN.fullmatch(line):
        complete = not pins or pins[-1].ended
        pins.append(Pin(name=match[1], version=match[2]))
        return complete
    if match := _HASH.fullmatch(line):
        if not pins or pins[-1].ended:
            return False
        pins[-1].hashes.append(match[1])
        pins[-1].ended = match[2] is None
        return True
    if pins and (match := _VIA.fullmatch(line)):
        pins[-1].askers += [match[1]] if match[1] else []
        return True
    return not line or line.startswith("#")


def faults(text: str) -> list[str]:
    """What a lock must not hold: places to get packages from, pins without hashes, packages twice or for nobody."""
    lock = read(text)
    places = [f"line {number} names a place" for number, line in enumerate(text.splitlines(), 1) if _PLACE.search(line)]
    return [*lock.strange, *places, *_pin_faults(lock.pins)]


def _pin_faults(pins: Sequence[Pin]) -> Iterator[str]:
    names = [pin.name for pin in pins]
    owners: dict[str, str] = {}
    for pin in pins:
        if not pin.hashes or not pin.ended:
            yield f"{pin.name} has no hash"
        if names.count(pin.name) > 1:
            yield f"{pin.name} stands there twice"
        for digest in pin.hashes:
            if digest in owners:
                yield f"{pin.name} has a hash of {owners[digest]} again"
            owners[digest] = pin.name
        if not any(ROOTS.fullmatch(asker) or asker in names for asker in pin.askers):
            yield f"{pin.name} is needed by nothing"


def disagreements(text: str, asked: Iterable[str]) -> list[str]:
    """Where a lock is not what its file asks for, in the running interpreter's environment."""
    pins = {pin.name: pin for pin in read(text).pins}
    requirements = [Requirement(line) for line in asked]
    wanted = {canonicalize_name(requirement.name): requirement for requirement in requirements}
    direct = {name for name, pin in pins.items() if any(ROOTS.fullmatch(asker) for asker in pin.askers)}
    return [
        *(f"{name} is asked for and not pinned" for name in sorted(wanted.keys() - pins.keys())),
        *(f"{name} is pinned as asked for, and is not" for name in sorted(direct - wanted.keys())),
        *(f"{name} is asked for, and pinned for others only" for name in sorted(wanted.keys() & pins.keys() - direct)),
        *(f"{name} is asked for by a URL" for name, requirement in wanted.items() if requirement.url),
        *(
            f"{name} is pinned at {pins[name].version}, asked for is {requirement.specifier}"
            for name, requirement in wanted.items()
            if name in pins and not requirement.specifier.contains(pins[name].version, prereleases=True)
        ),
    ]
