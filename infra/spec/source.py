"""Reads a YAML document into plain data and remembers the line of every path.

PyYAML's node tree gives the lines. Aliases are refused beyond a bound, because a few lines of them
can stand for billions of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import characters, composing, plain_file, scalars
from .composing import MAX_DEPTH, MAX_VALUES
from .problems import InputError, Problem, shorten

MAX_BYTES = 8 * 1024 * 1024
"""A gigawatt region with 2,000 tenants is below 1 MiB."""
MAX_SCALAR = 2_000
"""Characters of a single value; reading a number takes time that grows with the square of its length."""
KEY_REMEDY = "keys are plain English words: remove it, or write the letter that it looks like"

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its data and where each value stands."""

    file: str
    data: Any
    lines: dict[Path_, int] = field(repr=False)

    def line(self, path: Path_) -> int | None:
        """Line of a path, or of its nearest parent."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def problem(self, path: Path_, message: str, *, remedy: str = "", given: Any = None, rule: str = "") -> Problem:
        """A fault at a path of this document."""
        shown = None if given is None else shorten(given)
        return Problem(
            file=self.file,
            path=dotted(path),
            message=message,
            remedy=remedy,
            given=shown,
            line=self.line(path),
            rule=rule,
        )


def dotted(path: Path_) -> str:
    """A path within a document as users write it.

    >>> dotted(("clusters", 0, "racks"))
    'clusters[0].racks'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def display_name(path: Path) -> str:
    """A file's name as messages show it: relative to the working directory for a file inside it."""
    whole = path.absolute()
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(path)


def read(path: Path, within: Path | None = None) -> Document:
    """Read a file with a YAML mapping into plain data and the line of every path.

    Args:
        path: the file.
        within: folder that it must stand in with all links followed; any if None.

    Raises:
        InputError: no plain file, too large, not text, not YAML, not one mapping, duplicate keys, exploding aliases.
    """
    name = display_name(path)
    text = read_text(path, name, within)
    node = composing.composed(text, name)
    if node is None:
        raise InputError([Problem(file=name, message="the file is empty", remedy="see `aifactory schema`")])
    if not isinstance(node, yaml.MappingNode):
        raise InputError([Problem(file=name, line=1, message="keys and values are expected, such as `region:`")])
    reader = _Reader(name, composing.tags(text))
    data = reader.value(node, ())
    if reader.problems:
        raise InputError(reader.problems)
    return Document(name, data, reader.lines)


def read_foreign(path: Path, within: Path | None = None) -> Any:
    """Plain data of a YAML file of another tool's form, such as a kubeconfig: `read` without bounds on single values.

    Raises:
        InputError: as for `read`; an empty file and one that is no mapping are read.
    """
    name = display_name(path)
    return parse_foreign(read_text(path, name, within), name)


def parse_foreign(text: str, name: str) -> Any:
    """Plain data of a YAML text of another tool's form; None if it is empty.

    Values may be long and of several lines, as certificates are. What readers of YAML take in more ways than one is
    refused as in files of our own, so that nothing is seen here that another reader of the text sees otherwise.

    Raises:
        InputError: not YAML, duplicate keys, tags, odd numbers, too many values, nested too deeply.
    """
    _refuse_hidden(text, name)
    node = composing.composed(text, name)
    if node is None:
        return None
    reader = _Reader(name, composing.tags(text), foreign=True)
    data = reader.value(node, ())
    if reader.problems:
        raise InputError(reader.problems)
    return data


def read_text(path: Path, name: str, within: Path | None) -> str:
    """Text of a file of which nothing is hidden from a reader.

    Args:
        path: the file.
        name: what messages call it.
        within: folder that it must stand in with all links followed; any if None.

    Raises:
        InputError: no plain file, too large, not text, characters that can't be seen.
    """
    try:
        content = plain_file.read(path, name, most_bytes=MAX_BYTES, within=within)
    except FileNotFoundError:
        remedy = "check the name, or list the regions with `aifactory regions`"
        raise InputError([Problem(file=name, message="no such file", remedy=remedy)]) from None
    text = plain_file.text(content, name)
    _refuse_hidden(text, name)
    return text


def _refuse_hidden(text: str, name: str) -> None:
    if hidden := list(characters.hidden(text)):
        raise InputError(
            Problem(
                file=name,
                line=line,
                message=f"the character {character} can't be seen, or ends a line that goes on in an editor",
                remedy="remove it; a file is plain UTF-8 text",
            )
            for line, character in hidden
        )


class _Reader:
    """Turns nodes into data; gathers problems instead of stopping at the first."""

    def __init__(self, name: str, tags: dict[tuple[int, int], str], *, foreign: bool = False) -> None:
        self.name = name
        self.foreign = foreign
        self.tags = tags
        self.lines: dict[Path_, int] = {}
        self.problems: list[Problem] = []
        self.values = 0
        self.open: set[int] = set()

    def value(self, node: yaml.Node, path: Path_) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._explosion(line)
        if self.tags and self._is_tagged(node, path):
            return None
        return self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else self._collection(node, path)

    def _collection(self, node: yaml.Node, path: Path_) -> Any:
        if id(node) in self.open:
            raise self._explosion(node.start_mark.line + 1)
        if len(path) >= MAX_DEPTH:
            raise InputError([composing.too_deep(self.name)])
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        finally:
            self.open.discard(id(node))

    def _explosion(self, line: int) -> InputError:
        message, remedy = (
            "aliases or nesting explode into too many values",
            "write the values out instead of using & and *",
        )
        return InputError([Problem(file=self.name, line=line, message=message, remedy=remedy)])

    def _is_tagged(self, node: yaml.Node, path: Path_) -> bool:
        tag = self.tags.get((node.start_mark.line, node.start_mark.column))
        if tag is None:
            return False
        shown = shorten(tag.replace("tag:yaml.org,2002:", "!!", 1))
        self._fault(
            path, node.start_mark.line + 1, f"the tag {shown} is not used here", "write the value without a tag"
        )
        return True

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            line = key_node.start_mark.line + 1
            if strange := characters.beyond_ascii(key):
                self._fault(path, line, f"the key {shorten(key)} has the character {strange}", KEY_REMEDY)
                continue
            if self.tags and self._is_tagged(key_node, path):
                continue
            if key in result:
                self._fault((*path, key), line, f"the key {key!r} is given twice", "remove one of them")
            self.lines[(*path, key)] = line
            result[key] = self.value(value_node, (*path, key))
        return result

    def _scalar(self, node: Any, path: Path_) -> Any:
        if len(node.value) > MAX_SCALAR and not (self.foreign and node.tag == scalars.TEXT):
            what = f"the value has {len(node.value):,} characters, more than {MAX_SCALAR:,}"
            self._fault(path, node.start_mark.line + 1, what, "check the quotes")
            return None
        try:
            value = scalars.value(node)
        except scalars.UnexpectedError as error:
            given = "" if self.foreign else f" (given: {shorten(node.value)})"  # it may be a token
            self._fault(path, node.start_mark.line + 1, f"{error.message}{given}", error.remedy)
            return None
        if isinstance(value, str) and not self.foreign and (unseen := characters.UNSEEN.search(value)):
            what = f"one line of visible characters is expected, without {characters.name(unseen[0])}"
            fault = f"{what} (given: {shorten(value)})"
            self._fault(path, node.start_mark.line + 1, fault, "remove escapes and line breaks")
        return value

    def _fault(self, path: Path_, line: int, message: str, remedy: str) -> None:
        self.problems.append(Problem(file=self.name, path=dotted(path), line=line, message=message, remedy=remedy))
