"""What of a module can be changed: its literals, and the options that it sets; one change at a time."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Literal

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("infra/objects", "components")
PACKAGE = "ai_factory"

Mode = Literal["literals", "options"]
_Literal = str | int | float | bool | None

OPTION_CALLS = frozenset({"ResourceOptions", "CustomTimeouts", "Provider", "RepositoryOptsArgs"})
"""Calls of which every argument by name is an option."""
OPTION_NAMES = frozenset(
    {"after", "ignore_changes", "opts", "parent", "protect", "provider", "ready", "retain", "state", "wait_for"}
    | {"timeout_seconds", "wait"}
)
"""Arguments that are options in any call: of resources, and of the objects that resources are made from."""
_OPTIONS_TYPE = "ResourceOptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place of a module and what becomes of it."""

    file: str
    """Path in the repository."""
    scope: str
    """Function or class that it stands in, `<module>` at the top."""
    line: int
    text: str
    """The literal as Python writes it, or `<name>=` of the option that is dropped."""
    message: bool = False
    """Whether it is text of an error: held apart, since its words are no value that is emitted."""
    number: int
    """Its number among the sites of the module in the mode."""

    @property
    def key(self) -> str:
        """What names it when lines move: file, scope and text."""
        return f"{self.file}:{self.scope}:{self.text}"


def files() -> list[Path]:
    """Modules that are mutated: all below the folders, whatever they are called."""
    return sorted(file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py"))


def module_name(file: str) -> str:
    """Name that a module is imported by.

    >>> module_name("infra/objects/base.py"), module_name("components/__init__.py")
    ('ai_factory.infra.objects.base', 'ai_factory.components')
    """
    parts = [PACKAGE, *Path(file).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sites(file: Path, mode: Mode) -> list[Site]:
    """All sites of a module, in the order of its text."""
    name = str(file.relative_to(REPOSITORY))
    return [
        Site(file=name, scope=place.scope, line=place.line, text=place.text, message=place.message, number=number)
        for number, place in enumerate(_places(ast.parse(file.read_bytes()), mode))
    ]


def mutant(site: Site, mode: Mode) -> CodeType:
    """Code of the site's module with the change."""
    path = REPOSITORY / site.file
    tree = ast.parse(path.read_bytes())
    places = list(_places(tree, mode))
    places[site.number].change()
    with warnings.catch_warnings():
        # `x is None` becomes `x is "x"`.
        warnings.simplefilter("ignore", SyntaxWarning)
        return compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)


def flipped(value: _Literal) -> _Literal:
    """Another value of the literal's type; text for None.

    >>> [flipped(value) for value in (True, 8, 0.5, "a", "", None)]
    [False, 9, 1.5, 'ax', 'x', 'x']
    """
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return (value or "") + "x"


@dataclass(slots=True)
class _Place:
    """A node of a tree, where it hangs, and how it is changed."""

    node: ast.AST
    scope: str
    line: int
    text: str
    message: bool = False
    owner: ast.AST | None = None
    kind: Literal["literal", "keyword", "argument", "assignment", "wrapper"] = "literal"

    def change(self) -> None:
        """Change the tree in place."""
        if self.kind == "literal":
            assert isinstance(self.node, ast.Constant)
            self.node.value = flipped(self.node.value)  # type: ignore[arg-type]
        elif self.kind == "keyword":
            assert isinstance(self.owner, ast.Call) and isinstance(self.node, ast.keyword)
            self.owner.keywords.remove(self.node)
        else:
            self._replace()

    def _replace(self) -> None:
        """Put None where an argument was, `pass` where a statement was, and what was wrapped where its wrapper was."""
        put: ast.AST = ast.Constant(None)
        if self.kind == "assignment":
            put = ast.Pass()
        elif self.kind == "wrapper":
            assert isinstance(self.node, ast.Call)
            put = self.node.args[0]
        assert self.owner is not None
        for field, value in ast.iter_fields(self.owner):
            if value is self.node:
                setattr(self.owner, field, put)
            elif isinstance(value, list) and self.node in value:
                value[value.index(self.node)] = put


def _places(tree: ast.Module, mode: Mode) -> Iterator[_Place]:
    for owner, node, scope, message in _walk(tree, tree, "<module>", False):
        if mode == "literals":
            yield from _literal(node, scope, message)
        else:
            yield from _option(owner, node, scope, _option_variables(tree))


def _walk(node: ast.AST, owner: ast.AST, scope: str, message: bool) -> Iterator[tuple[ast.AST, ast.AST, str, bool]]:
    """Nodes that are executed, with their owner and scope: no docstrings, no annotations."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    yield owner, node, scope, message
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = node.name if scope == "<module>" else f"{scope}.{node.name}"
    message = message or isinstance(node, ast.Raise)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_comment", "kind"):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from _walk(inner, node, scope, message)


def _literal(node: ast.AST, scope: str, message: bool) -> Iterator[_Place]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        text = message and isinstance(node.value, str)
        yield _Place(node, scope, node.lineno, repr(node.value), text)


def _option(owner: ast.AST, node: ast.AST, scope: str, variables: Sequence[str]) -> Iterator[_Place]:
    if isinstance(node, ast.Call):
        name = _name(node.func)
        for keyword in node.keywords:
            if keyword.arg and (name in OPTION_CALLS or keyword.arg in OPTION_NAMES):
                text = f"{keyword.arg}="
                yield _Place(keyword, scope, keyword.value.lineno, text, owner=node, kind="keyword")
        for argument in node.args:
            if _name(argument) in variables or _called(argument) == _OPTIONS_TYPE:
                yield _Place(argument, scope, argument.lineno, "opts", owner=node, kind="argument")
        if name == "secret" and len(node.args) == 1:
            yield _Place(node, scope, node.lineno, "secret()", owner=owner, kind="wrapper")
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        target = node.targets[0]
        if _name(target.value) in variables:
            yield _Place(node, scope, node.lineno, f"{target.attr}=", owner=owner, kind="assignment")


def _option_variables(tree: ast.Module) -> list[str]:
    """Variables and parameters that hold resource options."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _called(node.value) == _OPTIONS_TYPE:
            names += [_name(target) for target in node.targets]
        elif isinstance(node, ast.arg) and node.annotation and _OPTIONS_TYPE in ast.unparse(node.annotation):
            names.append(node.arg)
    return names


def _called(node: ast.AST) -> str:
    return _name(node.func) if isinstance(node, ast.Call) else ""


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
