"""The mutants themselves: what of a module is changed, and that those which matter most die."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.regionfile import REPOSITORY

from . import sites, survivors
from .sites import Mode

OBJECTS = "infra/objects"
BARE_METAL = {
    "node reuse": f"{OBJECTS}/_machines.py:machine_template:True",
    "deletion policy of BMC credentials": f"{OBJECTS}/_hosts.py:credentials:'Retain'",
    "refresh of BMC credentials": f"{OBJECTS}/_hosts.py:credentials:'1h0m0s'",
    "health time-out of a start": f"{OBJECTS}/_machines.py:health_check:5400",
    "health time-outs of a node": f"{OBJECTS}/_machines.py:health_check:900",
    "drain time-out of control planes": f"{OBJECTS}/gpu_cluster.py:*:1800",
    "drain time-out of racks": f"{OBJECTS}/racks.py:*:1800",
    "retry limit": f"{OBJECTS}/gpu_cluster.py:*:1",
    "service domain": f"{OBJECTS}/gpu_cluster.py:*:'cluster.local'",
}
"""Values of bare-metal objects that could once be changed without a test turning red, by what they are."""

SOURCE = '''"""Text of the module."""
LIMIT: int = 8


def declare(opts: pulumi.ResourceOptions | None, name: str = "a") -> None:
    """Text of the function."""
    if name is None:
        raise ValueError("no name")
    made = pulumi.ResourceOptions(parent=None, protect=True)
    made.retain_on_delete = True
    Thing(name, pulumi.Output.secret(name), made, after=())
'''


def changed(mode: Mode) -> list[str]:
    """What each place of the sample becomes, by the line that differs."""
    results = []
    for number in range(len(list(sites._places(ast.parse(SOURCE), mode)))):
        tree = ast.parse(SOURCE)
        list(sites._places(tree, mode))[number].change()
        before, after = (ast.unparse(one).splitlines() for one in (ast.parse(SOURCE), ast.fix_missing_locations(tree)))
        results += [line.strip() for line in after if line not in before]
    return results


def test_every_literal_that_runs_is_changed_and_no_docstring() -> None:
    assert changed("literals") == [
        "LIMIT: int = 9",
        "def declare(opts: pulumi.ResourceOptions | None, name: str='ax') -> None:",
        "if name is 'x':",
        "raise ValueError('no namex')",
        "made = pulumi.ResourceOptions(parent='x', protect=True)",
        "made = pulumi.ResourceOptions(parent=None, protect=False)",
        "made.retain_on_delete = False",
    ]


def test_every_option_is_dropped() -> None:
    assert changed("options") == [
        "made = pulumi.ResourceOptions(protect=True)",
        "made = pulumi.ResourceOptions(parent=None)",
        "pass",
        "Thing(name, pulumi.Output.secret(name), made)",
        "Thing(name, pulumi.Output.secret(name), None, after=())",
        "Thing(name, name, made, after=())",
    ]


def test_words_of_errors_are_told_apart() -> None:
    places = list(sites._places(ast.parse(SOURCE), "literals"))

    assert [place.text for place in places if place.message] == ["'no name'"]


def test_every_survivor_is_a_place_that_is_there() -> None:
    keys = {site.key for file in sites.files() for site in sites.sites(file, "literals")}

    assert survivors.read().reasons.keys() <= keys


def mutants(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutants", *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_values_of_bare_metal_objects_each_turn_a_golden_red() -> None:
    done = mutants("--goldens-alone", "--verbose", "--only", *BARE_METAL.values())

    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 survived: 100.0%" in done.stdout
    for name, pattern in BARE_METAL.items():
        file, _, literal = pattern.split(":", 2)
        assert any(file in line and line.endswith(f" {literal}") for line in done.stderr.splitlines()), name


@pytest.mark.slow
def test_an_option_that_is_dropped_turns_a_test_red() -> None:
    """Every third option: all of them (`python -m tests.mutants --options`) take three minutes."""
    done = mutants("--options", "--every", "3")

    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 survived: 100.0%" in done.stdout
