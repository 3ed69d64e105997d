"""Texts that readers of YAML 1.1, YAML 1.2 or Go's mixture of both take for something else, or break on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_WORDS = """
yes Yes YES no No NO on On ON off OFF y Y n N true True TRUE false null Null NULL ~ nan inf Infinity .inf -.inf .NaN
1 +1 -1 00 -0 012 09 0777 0o17 0o8 0O7 0x 0x1f 0X1F 0xdeadbeef 0x1p-2 0b 0b11 -0b11 1_000 1__0 _1 1_0.5 1,000
.5 5. 0. +.5 -.5 .e1 1.2.3 1e 1E5 1e3 1e+3 1.5e3 12e03 -2E+05 1e1000 685_230.15 685.230_15e+03 12:30 12:30:45
190:20:30 1:20.5 02:00:00:00:00:01 10.0.0.1 2026-01-01 2026-1-1 2026-01-01T00:00:00Z 2001-12-14t21:59:43.10-05:00
= << <<: !x !!str &a *a - -- --- --a ... ? : ?a :a -a @a `a %a |a | > >a # a# a: [a] {a} ,a a,b [ ] { } , ' '' 'a "
"a a'b a"b "a" \\ \\n {{x}} ${x} %YAML
"""
LINES = (
    "", " ", "  a", "a ", "a\t", "\ta", "\t", "a\tb", "- a", "? a", ": a", "a: b", "a: ", "a #b", "a #", "#b", "! a",
    "--- a", "a  b", "a :b", "a - b", "2026-01-01 00:00:00", "2026-01-01 00:00:00 +9", "é", "日本", "é: x",
    "\U0001f600", "\x00", "\x07\x1b", "\x7f", "\x80", "\x9f", "\xa0", "\xad", "\u200b", "a\u3000b", "\ue000", "\ufeffa",
    "\ufffd", "\ufffe", "\uffff", "\U0001ffff", "\U0010ffff", "x" * 1001, "x" * 1025, "x y " * 3000, "é" * 1001,
)  # fmt: skip
BLOCKS = (
    "\n", "\n\n", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "\n\na\n", " a\nb\n", "  a\n b\n", "a\n  b\nc\n", "a\n\n  b\n",
    "a \nb\n", "a\n \nb\n", "a\n\t\nb\n", "\ta\nb\n", "a\n\tb\n", "a\tb\nc\n", "a\n ", "a\n\t", "a\nb ", "a\r\nb\r\n",
    "a\rb", "\r", "a\x85b", "\x85\n", "a\n\x85b\n", "a\u2028b\n", "a\n\u2028b", "a\u2029b", "a\ufeffb\nc\n",
    "\ufeffa\nb\n", "a\x00b\nc\n", "a\x0bb\nc\n", "a\x0cb\nc", "a\x1cb\nc", "a\U0001f600\nb\n", "é\nb – c\n",
    "---\na\n", "a\n---\nb\n", "a\n...\nb\n", "# b\na\n", "a\n# b\n", "%YAML 1.2\n---\n", "|\na\n", "1\n", "yes\n",
    "1\n2\n", "- a\n- b\n", "a: b\n", "key: value\nother: |\n  x\n", '"\n"\n', "\\n\n", ("x" * 200 + "\n") * 30,
    "x\n" * 2000, "a\n\n\n\nb",
)  # fmt: skip
TEXTS = (*_WORDS.split(), *LINES, *BLOCKS)
VALUES: tuple[Any, ...] = (
    0, -1, 2**53 + 1, 2**63, 2**64, 10**30, 1.5, -0.0, 1e16, 1e20, 1e-7, 5e-324, 1.7976931348623157e308, True, False,
    None, {}, [], [[]], [{}], [None], {"a": {}}, {"a": []}, [[1, [2]], [["a"], {"b": [["c\nd"]]}]],
    [{"a": [{"b": 1, "c": {"d": "e"}}], "f": "g\nh\n"}, 1], (1, 2), (),
)  # fmt: skip


def documents() -> Iterator[Any]:
    """Each text and value at each place: of a key, below a key, in a list, in a list in a list, and alone."""
    for text in TEXTS:
        yield {"a": text, "z": [text, {"k": text, "l": text}, [text, [text]]]}
        yield {text: 1, "z": {text: {text: text}, "y": [{text: [text], "x": [{text: {}}]}]}}
    for value in (*TEXTS, *VALUES):
        yield value
        yield {"a": value, "z": [value, {"k": value}, [value]]}
