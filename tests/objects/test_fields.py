"""What differs between two states of an object, field by field."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_factory.infra.objects.fields import FieldChange, field_changes

UNSET = msgspec.UNSET


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
        ({"l": {"app.k8s.io/name": "x"}}, {"l": {"app.k8s.io/name": "y"}}, [('l["app.k8s.io/name"]', "x", "y")]),
        ({"a.b": 1}, {"a.b": 2}, [('["a.b"]', 1, 2)]),
        ({"a": 'say "x"'}, {'say "x"': 1}, [('["say \\"x\\""]', UNSET, 1), ("a", 'say "x"', UNSET)]),
        ({"old": 1, "b": 1}, {"b": 2, "new": {"x": 1}}, [("b", 1, 2), ("new", UNSET, {"x": 1}), ("old", 1, UNSET)]),
        ({"a": "1"}, {"a": 1}, [("a", "1", 1)]),
        ({"a": True}, {"a": 1}, [("a", True, 1)]),
        ({"a": None}, {}, [("a", None, UNSET)]),
        ({"a": {"b": 1}}, {"a": ["b"]}, [("a", {"b": 1}, ["b"])]),
        ({"a": "x\ny\n"}, {"a": "x\nz\n"}, [("a", "x\ny\n", "x\nz\n")]),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, [("a[1]", 2, 3), ("a[2]", 3, UNSET)]),
        (
            {"c": [{"name": "main", "image": "a"}, {"name": "side"}]},
            {"c": [{"name": "init"}, {"name": "main", "image": "b"}]},
            [
                ("c[name=init]", UNSET, {"name": "init"}),
                ("c[name=main].image", "a", "b"),
                ("c[name=side]", {"name": "side"}, UNSET),
            ],
        ),
        ({"e": [{"key": "a b", "v": 1}]}, {"e": [{"key": "a b", "v": 2}]}, [('e[key="a b"].v', 1, 2)]),
        ({"e": [{"id": "x", "v": 1}]}, {"e": [{"id": "x", "v": 2}]}, [("e[id=x].v", 1, 2)]),
        ({"e": [{"name": "a"}, {"name": "a"}]}, {"e": [{"name": "a"}]}, [("e[1]", {"name": "a"}, UNSET)]),
        (
            {"e": [{"name": "a"}, {"name": "b"}]},
            {"e": [{"name": "b"}, {"name": "a"}]},
            [("e[0].name", "a", "b"), ("e[1].name", "b", "a")],
        ),
        ({"e": [{"name": 1, "key": "k", "v": 1}]}, {"e": [{"name": 2, "key": "k", "v": 1}]}, [("e[key=k].name", 1, 2)]),
    ],
)  # fmt: skip
def test_field_changes(old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, Any, Any]]) -> None:
    found = field_changes(old, new)
    assert [(one.path, one.old, one.new) for one in found] == expected
    assert all(type(one.new) is type(then) for one, (_, _, then) in zip(found, expected, strict=True))


_KEYS = st.sampled_from(["a", "b", "name", "app.io/x", "0", "", "[x]"])
_SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["x", "y", "a]b", "1"])
_NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("xyz"), "v": _SCALARS}), unique_by=lambda item: item["name"]
)
_VALUES = st.recursive(
    _SCALARS | _NAMED,
    lambda inner: st.dictionaries(_KEYS, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(_KEYS, _VALUES, max_size=4)
_PART = re.compile(
    r'\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\[(?P<number>\d+)\]'
    r'|\[(?P<by>name|key|id)=(?:"(?P<long>(?:[^"\\]|\\.)*)"|(?P<short>[^\]"]+))\]|\.?(?P<key>[\w-]+)'
)


@given(_OBJECTS, _OBJECTS)
def test_changes_applied_to_the_old_object_give_the_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    made = json.loads(json.dumps(old))
    for change in field_changes(old, new):
        _apply(made, change)
    assert _canonical(made) == _canonical(new)


@given(_OBJECTS)
def test_an_object_does_not_differ_from_itself(one: dict[str, Any]) -> None:
    assert field_changes(one, json.loads(json.dumps(one))) == ()


@given(_OBJECTS, _OBJECTS)
def test_differences_are_the_same_both_ways(old: dict[str, Any], new: dict[str, Any]) -> None:
    there = {(one.path, repr(one.old), repr(one.new)) for one in field_changes(old, new)}
    back = {(one.path, repr(one.new), repr(one.old)) for one in field_changes(new, old)}
    assert there == back


def _apply(made: Any, change: FieldChange) -> None:
    """Set what changed at its path, or take it away."""
    parts = [match.groupdict() for match in _PART.finditer(change.path)]
    assert "".join(match.group() for match in _PART.finditer(change.path)) == change.path
    for part in parts[:-1]:
        made = made[_place(made, part)]
    place = _place(made, parts[-1])
    if change.new is UNSET and isinstance(made, list) and parts[-1]["number"]:
        del made[len(made) - 1]
    elif change.new is UNSET:
        del made[place]
    elif isinstance(made, list) and place == len(made):
        made.append(change.new)
    else:
        made[place] = change.new


def _place(value: Any, part: dict[str, str | None]) -> Any:
    if part["number"] is not None:
        return int(part["number"])
    if part["by"] is not None:
        wanted = json.loads(f'"{part["long"]}"') if part["long"] is not None else part["short"]
        places = [number for number, item in enumerate(value) if item[part["by"]] == wanted]
        return places[0] if places else len(value)
    return json.loads(f'"{part["quoted"]}"') if part["quoted"] is not None else part["key"]


def _canonical(value: Any) -> Any:
    """A value in which the order of named items doesn't count."""
    if isinstance(value, dict):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        inner = [_canonical(item) for item in value]
        for key in ("name", "key", "id"):
            names = [item.get(key) if isinstance(item, dict) else None for item in value]
            if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
                return sorted(inner, key=lambda item: str(item[key]))
        return inner
    return (type(value).__name__, value)


def test_a_change_is_a_plain_value_that_names_its_fields() -> None:
    change = FieldChange(path="spec.x", old=1)

    assert change.new is UNSET
    with pytest.raises(AttributeError):
        change.path = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        FieldChange("spec.x")  # type: ignore[call-arg]
