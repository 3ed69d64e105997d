"""Golden files: plain data as sorted YAML, compared letter by letter."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
KINDS = ("blocks", "components", "tables")
"""Folders that hold golden files and nothing else."""
_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BASE):  # type: ignore[misc]
    """Text of several lines as a block, as cloud-init files are read; no anchors, since a reader follows none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _string)
_Dumper.add_representer(tuple, _Dumper.represent_list)


def text(documents: Iterable[Any]) -> str:
    """Documents of plain data as YAML: keys sorted, a value on a line, however long."""
    parts = [
        yaml.dump(document, Dumper=_Dumper, sort_keys=True, width=1_000_000, allow_unicode=True, indent=2)
        for document in documents
    ]
    return "---\n".join(parts)


def path(name: str) -> Path:
    """File of a golden, by its name `<folder>/<case>`."""
    return FOLDER / f"{name}.yaml"


def difference(name: str, documents: Iterable[Any]) -> str:
    """What a golden file says otherwise, as a unified diff; empty where nothing does."""
    file, new = path(name), text(documents)
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    if old == new:
        return ""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"{name}.yaml", "emitted now", lineterm="", n=8)
    return "\n".join(lines)


def write(name: str, documents: Iterable[Any]) -> None:
    """Write a golden file anew."""
    path(name).parent.mkdir(exist_ok=True)
    path(name).write_text(text(documents), encoding="utf-8")


def stale(names: Iterable[str]) -> list[Path]:
    """Golden files that no case makes any more."""
    wanted = {path(name) for name in names}
    return sorted(file for kind in KINDS for file in (FOLDER / kind).glob("**/*") if file not in wanted)
