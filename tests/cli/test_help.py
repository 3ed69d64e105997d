"""Every command explains itself, with an example, and completes region names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from ai_factory.infra.cli import main
from ai_factory.infra.plan import regions
from tests.conftest import Outcome


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Names of all commands and groups below a group."""
    for name, command in group.commands.items():
        yield (*prefix, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))


COMMANDS = list(commands(main.cli))


def test_the_commands_are_there() -> None:
    expected = "check|plan|preview|render|schema|allocate|regions|inventory sample|size fabric|size site"
    assert {tuple(line.split()) for line in expected.split("|")} <= set(COMMANDS)


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_help_has_a_sentence_an_example_and_fits(
    command: tuple[str, ...], aifactory: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    outcome = aifactory(*command, "--help")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: aifactory {' '.join(command)}".strip())
    assert max(map(len, outcome.out.splitlines())) <= 100
    node: click.Command = main.cli
    for name in command:
        assert isinstance(node, click.Group)
        node = node.commands[name]
    assert node.help
    if not isinstance(node, click.Group):
        assert f"aifactory {' '.join(command)}" in outcome.out.partition("Example")[2]


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_every_option_says_what_it_does(command: tuple[str, ...]) -> None:
    node: click.Command = main.cli
    for name in command:
        assert isinstance(node, click.Group)
        node = node.commands[name]

    assert [p.name for p in node.params if isinstance(p, click.Option) and not p.help] == []


def test_the_version_is_shown(aifactory: Callable[..., Outcome]) -> None:
    assert aifactory("--version").out.startswith("aifactory, version 0.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plann", "lab"], "No such command 'plann'"),
        (["plan"], "Missing argument 'REGION'"),
        (["plan", "lab", "--jsno"], "No such option '--jsno'"),
        (["plan", "lab", "extra"], "unexpected extra argument"),
        (["size", "site", "--system", "gb300-nvl72"], "Missing option '--power-mw'"),
        (["size", "fabric", "--system", "gb300-nvl72", "--units", "many"], "'many' is not a valid integer"),
    ],
)
def test_a_wrong_call_is_bad_input(arguments: list[str], message: str, aifactory: Callable[..., Outcome]) -> None:
    outcome = aifactory(*arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err.replace("option:", "option").replace("option --jsno", "option '--jsno'")


def complete(arguments: list[str], incomplete: str) -> list[str]:
    shell = ShellComplete(main.cli, {}, "aifactory", "_AIFACTORY_COMPLETE")
    return [item.value for item in shell.get_completions(arguments, incomplete)]


def test_names_are_completed() -> None:
    assert complete(["plan"], "kr-h") == ["kr-haein"]
    assert complete(["check"], "") == regions.known_regions()
    assert complete(["size", "site", "--system"], "gb") == ["gb200-nvl72", "gb300-nvl72"]
    assert complete([], "pre") == ["preview"]


def test_a_shell_gets_them_from_the_installed_command() -> None:
    words = {"_AIFACTORY_COMPLETE": "bash_complete", "COMP_WORDS": "aifactory plan kr-u", "COMP_CWORD": "2"}
    command = [Path(sys.executable).with_name("aifactory")]
    done = subprocess.run(command, env={**os.environ, **words}, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,kr-ulsan\n", "")
