"""Reading YAML: plain data, and the line of every path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_factory.infra.spec import composing, source
from ai_factory.infra.spec.problems import InputError

TEXT = """\
# a comment
region: {name: lab,
         country: KR}
clusters:
  - name: train
    racks: 2
  - &second
    name: infer
also: *second
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "r.yaml"


def read(file: Path, content: str | bytes) -> source.Document:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return source.read(file)


def test_data_is_plain_and_every_path_has_its_line(file: Path) -> None:
    document = read(file, TEXT)

    assert document.data == {
        "region": {"name": "lab", "country": "KR"},
        "clusters": [{"name": "train", "racks": 2}, {"name": "infer"}],
        "also": {"name": "infer"},
    }
    assert document.line(("region", "country")) == 3
    assert document.line(("clusters", 0, "racks")) == 6
    assert document.line(("clusters", 1, "name")) == 8


@pytest.mark.parametrize(
    ("path", "line"), [(("clusters", 0, "hall"), 5), (("clusters", 7), 4), (("nowhere", "at", "all"), 2), ((), 2)]
)
def test_a_path_that_is_not_there_has_the_line_of_its_nearest_parent(
    path: tuple[Any, ...], line: int, file: Path
) -> None:
    assert read(file, TEXT).line(path) == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2026-03-01", "2026-03-01"),
        ("a: 1.36", 1.36),
        ("a: 0x10", 16),
        ("a: on", True),
        ("a: ~", None),
        ("a: '12'", "12"),
        ("a:", None),
        ("a: 서울", "서울"),
    ],
)
def test_values_are_numbers_booleans_text_or_nothing(text: str, value: object, file: Path) -> None:
    found = read(file, text).data["a"]

    assert (found, type(found)) == (value, type(value))


def test_a_mark_in_front_and_windows_line_ends_are_fine(file: Path) -> None:
    assert read(file, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").line(("b",)) == 2


@pytest.mark.parametrize("character", ["\\e", "\\x7f", "\\u202e", "\\n", "\\u2028", "\\x9b"])
def test_no_value_fools_its_reader(character: str, file: Path) -> None:
    with pytest.raises(InputError, match=r"r\.yaml:1: a: one line of visible characters is expected"):
        read(file, f'a: "x{character}y"')


def test_no_key_fools_its_reader(file: Path) -> None:
    with pytest.raises(InputError, match=r"the key 'x\\x1b' has the character U\+001B"):
        read(file, '"x\\e": 1')


def test_faults_of_one_file_come_together_in_file_order(file: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(file, "a: .nan\nb: 1\nb: 2\nc: {d: 2026-02-30}\n")

    assert [(problem.line, problem.path) for problem in caught.value.problems] == [(1, "a"), (3, "b"), (4, "c.d")]


def test_nesting_is_fine_up_to_the_bound_and_no_further(file: Path) -> None:
    deep = composing.MAX_DEPTH - 1
    read(file, "a: " + "[" * deep + "]" * deep)

    with pytest.raises(InputError, match="nested too deeply"):
        read(file, "a: " + "[" * (deep + 1) + "]" * (deep + 1))


def test_size_is_fine_up_to_the_bound_and_no_further(file: Path) -> None:
    filler = b"#" * (source.MAX_BYTES - 5) + b"\na: 1"
    assert len(filler) == source.MAX_BYTES
    assert read(file, filler).data == {"a": 1}

    with pytest.raises(InputError, match="more than the 8 MiB allowed"):
        read(file, filler + b"\n")


def test_a_device_without_an_end_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match="is no plain file, but a device, a pipe or a socket"):
        source.read(Path("/dev/zero"))


def test_names_are_relative_where_that_is_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert source.display_name(tmp_path / "stacks" / "r.yaml") == "stacks/r.yaml"
    assert source.display_name(Path("/r.yaml")) == "/r.yaml"


@pytest.mark.parametrize("levels", [composing.MAX_DEPTH - 1, composing.MAX_DEPTH])
@pytest.mark.parametrize(
    "nested",
    [
        lambda n: "a: " + "[" * n + "]" * n,
        lambda n: "a:\n" + "".join(f"{' ' * (m + 1)}b:\n" for m in range(n)),
        lambda n: "a:\n" + "- " * n + "b",
        lambda n: "a: " + "{b: " * n + "}" * n,
    ],
)
def test_a_bound_holds_whether_events_are_read_or_not(
    file: Path, monkeypatch: pytest.MonkeyPatch, nested: Callable[[int], str], levels: int
) -> None:
    def outcome() -> str:
        try:
            return str(read(file, nested(levels)).data)
        except InputError as error:
            return str(error)

    assert composing._surely_small(nested(levels))
    quickly = outcome()
    monkeypatch.setattr(composing, "_surely_small", lambda _: False)

    assert outcome() == quickly
    assert ("nested too deeply" in quickly) == (levels == composing.MAX_DEPTH)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="[]{},:-?ab \n'\"#|>!%\t", max_size=40))
def test_marks_bound_values_and_levels(text: str) -> None:
    """What lets a file be composed without a look at its events: no text has more of either than is counted."""
    try:
        root = yaml.compose(text, Loader=composing._LOADER)
    except yaml.YAMLError:
        return
    values, depth = _measured(root, 0) if root is not None else (0, 0)

    assert values <= 3 * sum(map(text.count, composing._MARKS)) + 1
    assert depth <= 2 * max(map(len, text.split("\n"))) + text.count("[") + text.count("{")


def _measured(node: yaml.Node, depth: int) -> tuple[int, int]:
    """How many nodes stand at and below one, and how many levels of collections."""
    if not isinstance(node, yaml.CollectionNode) or depth > 40:
        return 1, depth
    inner = [part for value in node.value for part in (value if isinstance(value, tuple) else (value,))]
    below = [_measured(part, depth + 1) for part in inner]
    return 1 + sum(count for count, _ in below), max([depth + 1, *(level for _, level in below)])
