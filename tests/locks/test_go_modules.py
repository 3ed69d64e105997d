"""The sandbox's programs are built from modules with checksums, and from nothing else."""

from __future__ import annotations

import re

import pytest

from ai_factory.infra.sandbox.programs import FAMILIES, GOMOD_DIR, Family

from .gomod import faults, read

SUM = "h1:" + "A" * 43 + "="
MOD = """\
module ai-factory.invalid/sandbox/x

go 1.26.0

require example.org/program v1.2.3

require (
	example.org/beside v0.0.0-20250730193827-2d320260d730 // indirect
	example.org/staged v0.0.0 // indirect
)

// As the program's authors publish it.
replace example.org/staged => example.org/staged v0.1.0
"""
SUMS = "".join(
    f"{pin}{part} {SUM}\n"
    for pin in (
        "example.org/program v1.2.3", "example.org/beside v0.0.0-20250730193827-2d320260d730",
        "example.org/staged v0.1.0",
    )
    for part in ("", "/go.mod")
)  # fmt: skip
IMPORTS = ["example.org/program/cmd/x"]
SPOILT = {
    "a folder of this machine": (r"=> .*", "=> ../staged", "go.mod: replace example.org/staged => ../staged"),
    "a fork": (r"=> example.org", "=> stranger.example", "example.org/staged is replaced by stranger.example/staged"),
    "a branch": ("v1.2.3", "main", "go.mod: require example.org/program main"),
    "the newest": ("v1.2.3", "latest", "go.mod: require example.org/program latest"),
    "another version": ("v1.2.3", "v1.2.4", "example.org/program v1.2.4 has no hash"),
    "not replaced": (r"replace .*\n", "", "example.org/staged v0.0.0 has no hash"),
    "a module twice": (r"\)\n", "\texample.org/beside v1.2.3 // indirect\n)\n", "example.org/beside is required twice"),
    "an exclude": (r"// As.*\n", "exclude example.org/program v1.2.2\n", "go.mod: exclude example.org/program v1.2.2"),
    "another compiler": (r"go 1.26.0\n", "go 1.26.0\ntoolchain default\n", "go.mod: toolchain default"),
    "what nothing imports": (" // indirect", "", "example.org/beside is required, and nothing of it imported"),
    "what nothing requires": (
        "v1.2.3", "v1.2.3 // indirect", "example.org/program/cmd/x is imported, and its module not required",
    ),
}  # fmt: skip
SPOILT_SUMS = {
    "no checksum": (r".*program v1.2.3 h1.*\n", "", "example.org/program v1.2.3 has no hash"),
    "no checksum of its go.mod": (r".*program v1.2.3/go.*\n", "", "example.org/program v1.2.3/go.mod has no hash"),
    "a short checksum": (r"A=", "=", f"go.sum: example.org/program v1.2.3 {SUM[:-2]}="),
    "two checksums": (
        r"A=",
        f"A=\nexample.org/program v1.2.3 {SUM.replace('A', 'B')}",
        "go.sum: example.org/program v1.2.3 twice",
    ),
}


def imports(family: Family) -> list[str]:
    text = (family.module_dir / "tools.go").read_text(encoding="utf-8")
    return re.findall(r'^(?:import)?\s*_ "([^"]+)"$', text, re.MULTILINE)


def test_every_module_is_of_a_family() -> None:
    assert {path.parent.name for path in GOMOD_DIR.glob("*/go.mod")} == {family.name for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_module_has_its_checksums(family: Family) -> None:
    mod, sums = ((family.module_dir / name).read_text(encoding="utf-8") for name in ("go.mod", "go.sum"))

    assert len(read(mod).required) >= 50
    assert faults(mod, sums, imports(family)) == []
    assert sorted(imports(family)) == sorted(family.programs.values())


def test_good_pins_have_no_fault() -> None:
    assert faults(MOD, SUMS, IMPORTS) == []
    assert list(read(MOD).pins())[-1] == ("example.org/staged", "v0.1.0")


@pytest.mark.parametrize("fault", SPOILT)
def test_a_fault_is_named(fault: str) -> None:
    good, wrong, message = SPOILT[fault]
    text, places = re.subn(good, wrong, MOD, count=1)

    assert places == 1
    assert message in faults(text, SUMS, IMPORTS)


@pytest.mark.parametrize("fault", SPOILT_SUMS)
def test_a_fault_of_checksums_is_named(fault: str) -> None:
    good, wrong, message = SPOILT_SUMS[fault]
    text, places = re.subn(good, wrong, SUMS, count=1)

    assert places == 1
    assert message in faults(MOD, text, IMPORTS)
