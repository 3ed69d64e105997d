"""What is shown while the sandbox works."""

import io

from rich.console import Console

from ai_factory.infra.sandbox import Event, display

EVENTS = [
    Event(step="wait", detail="another process is building [it]"),
    Event(step="build etcd", detail="package/a", done=1, total=2),
    Event(step="build etcd", detail="package/b", done=2, total=2),
    Event(step="build etcd", detail="with go1.26", done=2, total=2, finished=True),
    Event(step="start etcd"),
    Event(step="start etcd", finished=True),
]


def shown(terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200)
    with display(console) as progress:
        for event in EVENTS:
            progress(event)
    return console.file.getvalue()


def test_log_has_a_line_for_starts_and_ends() -> None:
    assert shown(terminal=False).splitlines() == [
        "wait: another process is building [it]",
        "build etcd: ...",
        "build etcd: with go1.26",
        "start etcd: done",
    ]


def test_terminal_has_a_bar_a_step() -> None:
    text = shown(terminal=True)
    assert all(part in text for part in ("build etcd", "package/b", "with go1.26", "start etcd"))
