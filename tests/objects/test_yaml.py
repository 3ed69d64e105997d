"""What is written as YAML comes back as the same data, whoever reads it, and can be read by people."""

from __future__ import annotations

import json
import string
from datetime import date
from enum import StrEnum
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ai_factory.infra.text import yaml as text
from ai_factory.infra.text.yaml import yaml_text

from . import yaml_texts

MARKS = "- #:'\"\n\t\\|>&*!%@`{}[](),?~=<ynoeE0123456789._+xbTé\x85\xa0\u2028\ufeff\U0001f600"
KUBECTL_NO_TEXTS = ("y", "n", "0o17", "09", "1e3", "0x1p-2")
"""PyYAML reads and writes these as plain texts; kubectl does not read them so."""


def json_of(value: Any) -> str:
    """Tells 1 from 1.0 and true, and keeps the order of keys."""
    return json.dumps(value)


def yaml_1_1(document: str) -> Any:
    return yaml.load(document, yaml.CSafeLoader)


def yaml_1_2(document: str) -> Any:
    return YAML(typ="safe", pure=True).load(document)


def expect_same(value: Any) -> None:
    document = yaml_text(value)
    for read in (yaml_1_1, yaml_1_2):
        assert json_of(read(document)) == json_of(value), f"{read.__name__} of {document[:500]!r}"


def test_texts_that_look_like_something_else_stay_what_they_are() -> None:
    for value in yaml_texts.documents():
        expect_same(value)


characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters) | st.text(MARKS) | st.text("a \n\t") | st.sampled_from(yaml_texts.TEXTS)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_any_data_comes_back_from_both_versions_of_yaml(value: Any) -> None:
    expect_same(value)


@given(st.lists(st.dictionaries(texts, texts), min_size=2))
def test_documents_stand_side_by_side(values: list[Any]) -> None:
    stream = "---\n".join(map(yaml_text, values))

    assert list(yaml.load_all(stream, yaml.CSafeLoader)) == values


@pytest.mark.parametrize(
    "word",
    [
        *KUBECTL_NO_TEXTS,
        "on",
        "No",
        "1_000",
        "2026-01-01",
        "12:30:45",
        "=",
        "<<",
        "nan",
        "INF",
        "infinity",
        "-a",
        "café",
    ],
)
def test_what_any_reader_takes_for_something_else_is_quoted(word: str) -> None:
    assert yaml_text({word: [word]}) == f'"{word}":\n- "{word}"\n'


@pytest.mark.parametrize(
    "word",
    [
        "kr-ulsan", "v1", "apps/v1", "ai-factory.dev/rack", "registry.example/driver:580.95@sha256:0a1b", "yesterday",
        "https://images.example/gpu.qcow2?a=b&c", "ns0=x/31,ns1=y/31", "--leader-elect=true", "two words", "/dev/sda",
        "system:serviceaccount:flux-system:flux", "nodes/*", "a=$(POD_NAME)", "a_b",
    ],
)  # fmt: skip
def test_names_stand_without_quotes(word: str) -> None:
    assert yaml_text({word: word}) == f"{word}: {word}\n"


def test_keys_keep_their_order_and_lists_start_where_their_key_does() -> None:
    value = {"b": 1, "a": [{"c": ["x"], "d": {"e": None}}, [True, [1.5]], {}, []], "f": {}}

    assert yaml_text(value) == (
        "b: 1\na:\n- c:\n  - x\n  d:\n    e: null\n- - true\n  - - 1.5\n- {}\n- []\nf: {}\n"
    )  # fmt: skip


def test_a_text_of_several_lines_is_a_block() -> None:
    script = "#cloud-config\nwrite_files:\n- path: /etc/motd\n\n  content: 'it’s – on'\n"
    value = {"data": {"user-data": script, "end": "a\nb"}, "list": [script, {"of": script}]}

    block = "|\n    #cloud-config\n    write_files:\n    - path: /etc/motd\n\n      content: 'it’s – on'\n"
    inner = block.replace("\n    ", "\n  ")
    assert yaml_text(value) == (
        f"data:\n  user-data: {block}  end: |-\n    a\n    b\nlist:\n- {inner}- of: {block}"
    )  # fmt: skip
    assert yaml_text(script) == inner


@pytest.mark.parametrize(
    "lines",
    ["a \nb\n", "a\nb\t", "a\n \nb\n", " a\nb\n", "\na\n", "a\n\n", "a\n\tb\n", "a\u200bb\nc\n", "a\ufeffb\nc\n"],
)
def test_what_an_editor_may_change_or_not_show_is_no_block(lines: str) -> None:
    written = yaml_text({"a": lines})

    assert written.startswith('a: "')
    assert written.count("\n") == 1


def test_the_same_data_twice_is_written_twice() -> None:
    """As text that people compare: anchors hide what an object says."""
    shared = {"a": ["b"]}

    assert yaml_text([shared, shared]) == "- a:\n  - b\n- a:\n  - b\n"


def test_what_was_written_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [{f"k{number}": {"a": f"v{number}\nw", "on": "x" * number}} for number in range(20)]
    first = [yaml_text(value) for value in values]
    monkeypatch.setattr(text, "_MOST_KEPT", 3)
    monkeypatch.setattr(text, "_LONGEST_KEPT", 10)
    monkeypatch.setattr(text, "_ROOT", text._Level(""))

    assert [yaml_text(value) for value in reversed(values)] == first[::-1]
    assert [yaml_text(value) for value in values] == first
    for kept in (text._ROOT.keys, text._ROOT.deeper.keys, text._ROOT.deeper.texts):
        assert 0 < len(kept) <= 3
        assert max(map(len, kept)) <= 10


class Word(StrEnum):
    A = "a"


@pytest.mark.parametrize("value", [date(2026, 1, 1), b"a", {1}, Word.A, object()])
def test_other_types_are_refused(value: Any) -> None:
    for holder in (value, [value], {"a": value}, [[value]]):
        with pytest.raises(TypeError, match="is no JSON data"):
            yaml_text(holder)


@pytest.mark.parametrize("key", [1, None, True, ("a",)])
def test_other_keys_are_refused(key: Any) -> None:
    with pytest.raises(TypeError, match="a key must be text"):
        yaml_text({"a": [{key: 1}]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "\ud800", "a\n\udfff"])
def test_what_no_reader_takes_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        yaml_text({"a": value})


def test_every_visible_character_of_ascii_can_stand_in_a_block() -> None:
    visible = string.punctuation + string.ascii_letters + string.digits
    lines = "".join(f"{character} {character}\t{character}\n" for character in visible)

    assert yaml_text({"a": lines}) == "a: |\n" + "".join(f"  {line}\n" for line in lines.splitlines())
    expect_same({"a": lines})
