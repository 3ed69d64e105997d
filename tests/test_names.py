"""Names say what they hold: nine words that say nothing are bound nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import regionfile

ROOT = regionfile.REPOSITORY
WORDS = frozenset({"one", "found", "known", "some", "made", "told", "there", "both", "said"})
_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar


def _rooms() -> dict[str, list[Path]]:
    """Modules by room: the folders of `infra`, the modules at its top, and the packages beside it."""
    folders = [folder for folder in (ROOT / "infra").iterdir() if (folder / "__init__.py").is_file()]
    rooms = {f"infra/{folder.name}": sorted(folder.rglob("*.py")) for folder in sorted(folders)}
    beside = {name: sorted((ROOT / name).glob("*.py")) for name in ("components", "policypack")}
    return {"infra": sorted((ROOT / "infra").glob("*.py")), **rooms, **beside}


ROOMS = _rooms()


def _bindings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of whatever a module binds: variables, parameters, attributes, functions, classes.

    An import counts by the name that it gives; the name that it takes is bound where it comes from.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, _NAMED) and node.name:
            yield node.lineno, node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.lineno, node.rest
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def _empty_names(text: str) -> list[tuple[int, str]]:
    """Bindings of the nine words in a module's text, with or without underscores around them."""
    return sorted((line, name) for line, name in _bindings(ast.parse(text)) if name.strip("_") in WORDS)


def _empty_names_of(room: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in ROOMS[room]
        for line, name in _empty_names(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_no_name_of_a_room_says_nothing(room: str) -> None:
    assert ROOMS[room] != []
    assert _empty_names_of(room) == []


@pytest.mark.parametrize(
    "text",
    [
        "one = 1",
        "one: int",
        "one += 1",
        "(one := 1)",
        "for _, one in (): pass",
        "[1 for one in ()]",
        "lambda one: 1",
        "def _one(): pass",
        "class one: pass",
        "def f(*one): pass",
        "def f(**one): pass",
        "def f(a, /, *, one): pass",
        "class A:\n    one: int",
        "self.one = 1",
        "with open('f') as one: pass",
        "try: pass\nexcept OSError as one: pass",
        "import a as one",
        "from a import b as one",
        "match 1:\n    case one: pass",
        "match 1:\n    case [*one]: pass",
        "match 1:\n    case {**one}: pass",
    ],
)
def test_every_way_to_bind_a_name_is_seen(text: str) -> None:
    assert [name.strip("_") for _, name in _empty_names(text)] == ["one"]


@pytest.mark.parametrize("text", ["made_up = 1", "f(one=1)", "print(one)", "'one'", "Found = 1", "from a import one"])
def test_uses_and_longer_names_are_not(text: str) -> None:
    assert _empty_names(text) == []
