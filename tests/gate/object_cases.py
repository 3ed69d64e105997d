"""Cases of rules on objects and sets of objects, as data.

A case is a YAML file below `tests/cases/rules/<rule>/`, `fail-*` or `pass-*`:

- `about`: what it shows. `object`: one object, or `objects`: several, all declared together on one cluster.
- `elsewhere`: further objects, on another cluster. `protect`: whether engines refuse to delete them.
- `repeat`: strings of the first object that are made so many times as long, by path.
- `expect`: parts of message and remedy of one finding. `also`: other rules that fire.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra.gate import rule
from ai_factory.infra.gate import rules as _registers_them  # noqa: F401
from ai_factory.infra.gate.records import Finding
from ai_factory.infra.gate.rule import ObjectView
from ai_factory.infra.gate.rules import running
from ai_factory.infra.objects.ids import object_id
from tests import regionfile

FOLDER = regionfile.REPOSITORY / "tests" / "cases" / "rules"
KEYS = {"about", "object", "objects", "elsewhere", "protect", "repeat", "expect", "also"}
RULES = [*rule.rules_of_scope("object"), *rule.rules_of_scope("set")]


def files() -> list[Path]:
    """Cases of these rules."""
    known = {one.id for one in RULES}
    return sorted(path for path in FOLDER.glob("*/*.yaml") if path.parent.name in known)


def load(path: Path) -> Mapping[str, Any]:
    """A case, of known keys only."""
    case: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert case.keys() <= KEYS, case.keys() - KEYS
    return case


def judge(case: Mapping[str, Any]) -> list[Finding]:
    """What all these rules say of a case."""
    return running.objects(list(views(case)), "lab")


def views(case: Mapping[str, Any]) -> Iterator[ObjectView]:
    """The objects of a case as rules see them."""
    objects = [case["object"]] if "object" in case else case["objects"]
    for path, times in case.get("repeat", {}).items():
        *above, last = path.split(".")
        place = functools.reduce(dict.__getitem__, above, objects[0])
        place[last] *= times
    for target, manifests in (("train", objects), ("management", case.get("elsewhere", ()))):
        for manifest in manifests:
            yield ObjectView(id=object_id(target, manifest), manifest=manifest, protect=case.get("protect", False))
