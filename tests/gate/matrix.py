"""Many cases from one entry of data: `each` names variables and their values, and a case is made of every combination.

A file of cases is a list of entries, or a mapping of `tables` (lists by name) and `cases`. An entry's `each` is
`{variable: [values]}`, or `{variable: name of a table}`. `<variable>` in a text of the entry, and in a value that was
filled in, stands for the value, `<variable.key>` for a key of it; where it is all of a text, the value keeps its type.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_VARIABLE = re.compile(r"<([a-z_]+(?:\.\w+)*)>")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Case = Mapping[str, Any]


def load(path: Path, keys: set[str]) -> list[Case]:
    """Cases of a file, with combinations written out: of these keys only, each with a name of its own."""
    data = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    entries, tables = (data, {}) if isinstance(data, list) else (data["cases"], data["tables"])
    cases = [case for entry in entries for case in expanded(entry, tables)]
    for case in cases:
        assert case.keys() <= keys, f"{path.stem}, {case['name']}: {case.keys() - keys}"
    names = [case["name"] for case in cases]
    assert len(names) == len(set(names)), f"{path.stem}: a name is there twice"
    assert not any("<" in name for name in names), f"{path.stem}: a name has a variable that its entry lacks"
    return cases


def expanded(entry: Case, tables: Mapping[str, list[Any]]) -> Iterator[Case]:
    """The cases of an entry: itself without `each`, else one for every combination."""
    each = {name: tables[given] if isinstance(given, str) else given for name, given in entry.get("each", {}).items()}
    plain = {key: value for key, value in entry.items() if key != "each"}
    for values in itertools.product(*each.values()):
        yield filled(plain, dict(zip(each, values, strict=True)))


def filled(value: Any, variables: Mapping[str, Any]) -> Any:
    """A value with variables filled in, at whatever depth.

    >>> filled({"racks": "<few>", "about": "<few> racks of <of.name>"}, {"few": 2, "of": {"name": "train"}})
    {'racks': 2, 'about': '2 racks of train'}
    """
    if isinstance(value, dict):
        return {filled(key, variables): filled(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, variables) for inner in value]
    if not isinstance(value, str) or "<" not in value:
        return value
    whole = _VARIABLE.fullmatch(value)
    if whole and _is_bound(whole, variables):
        return filled(_value(whole[1], variables), variables)
    return _VARIABLE.sub(lambda match: str(_text(match, variables)), value)


def _is_bound(match: re.Match[str], variables: Mapping[str, Any]) -> bool:
    return match[1].partition(".")[0] in variables


def _text(match: re.Match[str], variables: Mapping[str, Any]) -> Any:
    """What stands for a variable in a text; what is in brackets and no variable stays."""
    return filled(_value(match[1], variables), variables) if _is_bound(match, variables) else match[0]


def _value(name: str, variables: Mapping[str, Any]) -> Any:
    first, *keys = name.split(".")
    value = variables[first]
    for key in keys:
        value = value[key]
    return value
