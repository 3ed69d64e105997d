"""Region files for tests: an example region of the repository with values set, deleted or replaced."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from ai_factory.infra import spec
from ai_factory.infra.spec.source import Document

REPOSITORY = Path(__file__).resolve().parent.parent
REGIONS = REPOSITORY / "stacks" / "regions"


@functools.cache
def base_text(name: str) -> str:
    """Text of an example region's file."""
    return (REGIONS / f"{name}.yaml").read_text(encoding="utf-8")


def base(name: str) -> dict[str, Any]:
    """Data of an example region, free to change."""
    return copy.deepcopy(_parsed(name))


@functools.cache
def _parsed(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(base_text(name))
    return data


def patched(name: str, *, to: Mapping[str, Any], delete: Iterable[str] = ()) -> dict[str, Any]:
    """Data of an example region with values at paths such as `clusters[0].racks` set; `[+]` appends."""
    return edited(base(name), to=to, delete=delete)


def edited(
    data: dict[str, Any], *, to: Mapping[str, Any] = MappingProxyType({}), delete: Iterable[str] = ()
) -> dict[str, Any]:
    """A region file's data, changed in place: values at paths such as `clusters[0].racks` set; `[+]` appends."""
    for path, value in to.items():
        parent, key = _parent(data, path)
        if key == "+":
            parent.append(value)
        else:
            parent[key] = value
    for path in delete:
        parent, key = _parent(data, path)
        del parent[key]
    return data


def _parent(data: Any, path: str) -> tuple[Any, Any]:
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    for part in parts[:-1]:
        data = data.setdefault(part, {}) if isinstance(data, dict) else data[part]
    return data, parts[-1]


def dump(data: Any) -> str:
    """YAML text, one key a line."""
    return yaml.safe_dump(data, sort_keys=False, width=10_000)


def model(data: Mapping[str, Any]) -> spec.Region:
    """The model of a region's data."""
    return spec.Region.model_validate(data)


def document(data: Mapping[str, Any]) -> Document:
    """A document without line numbers, for checks on a model that was made in memory."""
    return Document("region.yaml", dict(data), {})
