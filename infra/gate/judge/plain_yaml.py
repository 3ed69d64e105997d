"""Reads YAML that others act on as text, lists and mappings, and refuses what readers of YAML do not agree on.

Pulumi reads its files by another library than this package. What both take alike is read: no aliases and merge keys, no
key twice, no second document, no character that a reviewer can't see.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ...spec import composing, source
from ...spec.problems import InputError, Problem

MAX_BYTES = 1024 * 1024
"""A stack's settings with a hundred encrypted values take a tenth of it."""
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Makes text of every value: no tag of a file makes anything else of it."""


def read(file: Path, name: str, within: Path) -> dict[str, Any]:
    """Data of a file, every value as text; empty for a file without any.

    Args:
        file: the file.
        name: what messages call it.
        within: folder that it must stand in with all links followed.

    Raises:
        InputError: it is too large, no YAML or no mapping, or says something in a way that readers do not agree on.
    """
    if file.stat().st_size > MAX_BYTES:
        raise _refused(name, f"has more than {MAX_BYTES:,} bytes")
    text = source.read_text(file, name, within)
    try:
        composing.refuse_excess(text, name)
        _refuse_aliases(text, name)
        node = yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark
        raise _refused(name, f"not valid YAML: {error.problem}", mark.line + 1 if mark else None) from None
    except yaml.YAMLError:
        raise _refused(name, "not valid YAML") from None
    data = {} if node is None else _plain(node, name)
    if not isinstance(data, dict):
        raise _refused(name, "a mapping is expected")
    return data


def _refused(name: str, message: str, line: int | None = None) -> InputError:
    return InputError([Problem(file=name, line=line, message=message, remedy="mend it, or take it back")])


def _refuse_aliases(text: str, name: str) -> None:
    for event in yaml.parse(text, Loader=_LOADER) if "*" in text else ():
        if isinstance(event, yaml.AliasEvent):
            mark: Any = event.start_mark
            line = mark.line + 1
            raise _refused(name, f"has an alias (*{event.anchor}): write the value out", line)


def _plain(node: yaml.Node, name: str) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, name) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    data: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise _refused(name, "a key is plain text", line)
        if key.value == "<<":
            raise _refused(name, "has a merge key (<<): write the keys out", line)
        if key.value in data:
            raise _refused(name, f"the key {key.value!r} is given twice", line)
        data[key.value] = _plain(value, name)
    return data
