"""Reads a YAML document into plain data and remembers the line of every path.

PyYAML's node tree gives the lines. Aliases are refused beyond a bound, because a few lines of them
can stand for billions of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import characters, plain_file, scalars
from .problems import InputError, Problem, shorten

MAX_BYTES = 8 * 1024 * 1024
"""A gigawatt region with 2,000 tenants is below 1 MiB."""
MAX_VALUES = 200_000
MAX_DEPTH = 40
MAX_SCALAR = 2_000
"""Characters of a single value; reading a number takes time that grows with the square of its length."""
KEY_REMEDY = "keys are plain English words: remove it, or write the letter that it looks like"

_SAFE_DEPTH = 800
"""Levels that LibYAML composes within the smallest stack of a thread, 512 KiB; 2,000 are too many for it."""
_MARKS = "\n\r\x85\u2028\u2029[{,:-?"
"""What stands before every value but the first: at most three begin at each of them (a pair in a list: itself, its key
and its value)."""

Path_ = tuple[str | int, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_DEEPER: dict[type[yaml.Event], int] = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}


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
    text = _read_text(path, name, within)
    try:
        if not _surely_small(text):
            _refuse_excess(text, name)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise InputError([_syntax(name, error)]) from None
    if node is None:
        raise InputError([Problem(file=name, message="the file is empty", remedy="see `aifactory schema`")])
    if not isinstance(node, yaml.MappingNode):
        raise InputError([Problem(file=name, line=1, message="keys and values are expected, such as `region:`")])
    reader = _Reader(name, _tags(text))
    data = reader.value(node, ())
    if reader.problems:
        raise InputError(reader.problems)
    return Document(name, data, reader.lines)


def _surely_small(text: str) -> bool:
    """Whether a text can't hold many values or levels whatever it says: of most files that is seen at once.

    A level of block style stands one column further right than what holds it, but for a list in a mapping.
    """
    levels = 2 * max(map(len, text.split("\n"))) + text.count("[") + text.count("{")
    return levels < _SAFE_DEPTH and 3 * sum(map(text.count, _MARKS)) < MAX_VALUES


def _refuse_excess(text: str, name: str) -> None:
    """LibYAML's composer recurses without a bound and takes the whole process with it; its events do not."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        depth += _DEEPER.get(type(event), 0)
        if depth > MAX_DEPTH:
            raise InputError([_too_deep(name)])
        if number > 2 * MAX_VALUES:
            message, remedy = "more values than any region has", "is it the right file?"
            raise InputError([Problem(file=name, message=message, remedy=remedy)])


def _too_deep(name: str) -> Problem:
    return Problem(file=name, message="nested too deeply", remedy="6 levels do")


def _tags(text: str) -> dict[tuple[int, int], str]:
    """Tags that the file writes out, by line and column of their value: nodes hold what YAML infers in the same way."""
    if "!" not in text:
        return {}
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    return {
        (event.start_mark.line, event.start_mark.column): event.tag
        for event in events
        if getattr(event, "tag", None) is not None
    }


def _read_text(path: Path, name: str, within: Path | None) -> str:
    try:
        content = plain_file.read(path, name, most_bytes=MAX_BYTES, within=within)
    except FileNotFoundError:
        remedy = "check the name, or list the regions with `aifactory regions`"
        raise InputError([Problem(file=name, message="no such file", remedy=remedy)]) from None
    text = plain_file.text(content, name)
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
    return text


def _syntax(name: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or error)
    if what.startswith("but "):
        what = f"{getattr(error, 'context', None) or ''} {what}".strip()
    return Problem(
        file=name,
        line=mark.line + 1 if mark else None,
        message=f"not valid YAML: {what}",
        remedy="check indentation, colons and quotes on this line and the one above",
    )


class _Reader:
    """Turns nodes into data; gathers problems instead of stopping at the first."""

    def __init__(self, name: str, tags: dict[tuple[int, int], str]) -> None:
        self.name = name
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
            raise InputError([_too_deep(self.name)])
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
        if len(node.value) > MAX_SCALAR:
            what = f"the value has {len(node.value):,} characters, more than {MAX_SCALAR:,}"
            self._fault(path, node.start_mark.line + 1, what, "check the quotes")
            return None
        try:
            value = scalars.value(node)
        except scalars.UnexpectedError as error:
            self._fault(path, node.start_mark.line + 1, f"{error.message} (given: {shorten(node.value)})", error.remedy)
            return None
        if isinstance(value, str) and (unseen := characters.UNSEEN.search(value)):
            what = f"one line of visible characters is expected, without {characters.name(unseen[0])}"
            fault = f"{what} (given: {shorten(value)})"
            self._fault(path, node.start_mark.line + 1, fault, "remove escapes and line breaks")
        return value

    def _fault(self, path: Path_, line: int, message: str, remedy: str) -> None:
        self.problems.append(Problem(file=self.name, path=dotted(path), line=line, message=message, remedy=remedy))
