"""Pins of Go modules, `go.mod` and `go.sum`, read strictly (https://go.dev/ref/mod)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_VERSION = r"v\d+\.\d+\.\d+[\w.+-]*"
_LINE = re.compile(rf"(\S+) ({_VERSION})( // indirect)?")
_REPLACED = re.compile(rf"(\S+) => (\S+) ({_VERSION})")
_PLAIN = re.compile(r"module \S+|go \d+\.\d+(\.\d+)?|//.*|")
_SUM = re.compile(rf"(\S+) ({_VERSION})(/go\.mod)? (h1:[A-Za-z0-9+/]{{43}}=)")


@dataclass(slots=True)
class Module:
    """What a go.mod says."""

    required: list[tuple[str, str]] = field(default_factory=list)
    """Modules and versions."""
    direct: list[str] = field(default_factory=list)
    """Modules that the programs' packages are in."""
    replaced: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Module -> the module and version that are taken in its place."""
    strange: list[str] = field(default_factory=list)
    """Lines that are none of these: excludes, tools, folders of this machine, versions that may move."""

    def pins(self) -> Iterator[tuple[str, str]]:
        """Modules and versions that are built."""
        for path, version in self.required:
            yield self.replaced.get(path, (path, version))


def read(text: str) -> Module:
    """Read a go.mod."""
    module, block = Module(), ""
    for line in text.splitlines():
        words = line.strip()
        if words in ("require (", "replace (", ")"):
            block = words.rstrip("( )")
            continue
        verb, _, rest = words.partition(" ")
        kind, entry = (block, words) if block else (verb, rest)
        if not _take(module, kind, entry) and not _PLAIN.fullmatch(words):
            module.strange.append(words)
    return module


def _take(module: Module, kind: str, entry: str) -> bool:
    """Take an entry up; False where it is none."""
    if kind == "require" and (match := _LINE.fullmatch(entry)):
        module.required.append((match[1], match[2]))
        module.direct += [] if match[3] else [match[1]]
        return True
    if kind == "replace" and (match := _REPLACED.fullmatch(entry)):
        module.replaced[match[1]] = (match[2], match[3])
        return True
    return False


def faults(mod: str, sums: str, imports: Iterable[str]) -> list[str]:
    """What a go.mod and its go.sum must not hold, and where they are not what the programs' packages ask for."""
    module = read(mod)
    lines = sums.splitlines()
    hashed = {(match[1], match[2], match[3] or "") for line in lines if (match := _SUM.fullmatch(line))}
    return [
        *(f"go.mod: {line}" for line in module.strange),
        *(f"go.sum: {line}" for line in lines if not _SUM.fullmatch(line)),
        *(
            f"go.sum: {key} twice"
            for key, count in Counter(line.rpartition(" ")[0] for line in lines).items()
            if count > 1
        ),
        *_module_faults(module),
        *_disagreements(module, list(imports)),
        *(
            f"{path} {version}{part} has no hash"
            for path, version in module.pins()
            for part in ("", "/go.mod")
            if (path, version, part) not in hashed
        ),
    ]


def _module_faults(module: Module) -> Iterator[str]:
    for path, count in Counter(path for path, _ in module.required).items():
        if count > 1:
            yield f"{path} is required twice"
    for path, (taken, _) in module.replaced.items():
        if taken != path:
            yield f"{path} is replaced by {taken}"


def _disagreements(module: Module, imports: list[str]) -> Iterator[str]:
    for name in imports:
        if not any(f"{name}/".startswith(f"{path}/") for path in module.direct):
            yield f"{name} is imported, and its module not required"
    for path in module.direct:
        if not any(f"{name}/".startswith(f"{path}/") for name in imports):
            yield f"{path} is required, and nothing of it imported"
