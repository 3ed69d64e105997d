"""Values inside GitHub-flavoured Markdown: they show as they are, and make no link, mention, table or tag."""

from __future__ import annotations

import re

from . import text

NOTHING = "\u200b"
"""A space of no width: breaks @mentions and #references, which GitHub finds after Markdown is rendered."""
_SPECIAL = re.compile(r"[\\`*_\[\]~|<>&$]|[@#]|:(?=\w)|(?<=\w)://|(?i:www\.)")
_AS = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": "<span>$</span>", "@": f"@{NOTHING}", "#": f"#{NOTHING}"}
_NOT_PLAIN = re.compile(r"[^\w\s./-]|_")
_CODE = re.compile(r"`([^`\n]+)`")


def prose(given: str, limit: int | None = None) -> str:
    """A sentence escaped for Markdown, with the pairs of backticks in it kept as code.

    >>> prose("run `aifactory allocate` for <b>acme|x</b>")
    'run `aifactory allocate` for &lt;b&gt;acme\\\\|x&lt;/b&gt;'
    """
    parts = _CODE.split(text.clean(text.cut(" ".join(given.splitlines()), limit)))
    return "".join(code(part) if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(given: str) -> str:
    return _SPECIAL.sub(_escaped, given)


def _escaped(special: re.Match[str]) -> str:
    mark = special.group()
    if mark in _AS:
        return _AS[mark]
    if mark == ":" or mark == "://" or len(mark) > 1:
        return f"{mark[0]}{NOTHING}{mark[1:]}"
    return f"\\{mark}"


def code(given: str, limit: int | None = None) -> str:
    """A name as code in Markdown; in a table too.

    >>> code("tenant/acme"), code("a|b`c")
    ('`tenant/acme`', '<code>a&#124;b&#96;c</code>')
    """
    shown = text.clean(text.cut(given, limit))
    if not shown.strip():
        return ""
    if not re.search(r"[|`]", shown):
        return f"`{shown}`"
    return f"<code>{_NOT_PLAIN.sub(_as_number, shown)}</code>"


def _as_number(letter: re.Match[str]) -> str:
    return f"&#{ord(letter.group())};"


def html(given: str) -> str:
    """Text escaped for the inside of a tag such as `<summary>`, where no Markdown is read."""
    shown = given.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[@#]", lambda mark: mark.group() + NOTHING, shown)


def link(label: str, target: str) -> str:
    """A Markdown link where the target is a web address, else the label alone."""
    if re.fullmatch(r"https://[A-Za-z0-9./_~%?=&+#:,-]+", target):
        return f"[{code(label)}]({target})"
    return code(label)


def fence(lines: list[str], language: str = "diff") -> str:
    """Lines as a Markdown block of code that none of them can end."""
    body = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{body}\n{marks}"
