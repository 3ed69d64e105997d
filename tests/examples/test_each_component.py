"""There is an example for each component, and each registers its component and what the plan has for it."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from ai_factory import components
from tests.components import harness
from tests.components.test_providers import secret_state

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "examples" / "each_component"
README = REPOSITORY / "README.md"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "factory")


def class_of(program: str) -> str:
    return "".join(word.capitalize() for word in program.split("_"))


def test_every_component_has_an_example() -> None:
    names = {name.removesuffix("Args") for name in components.__all__ if name.endswith("Args")}

    assert {class_of(program) for program in PROGRAMS} == names


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_example_registers_its_component(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))

    def run() -> None:
        sys.modules.pop("factory", None)
        runpy.run_path(str(FOLDER / f"{program}.py"), run_name="__main__")

    recording = harness.run(run, state=secret_state)

    component = recording.one(f"ai-factory:index:{class_of(program)}")
    assert list(recording.below(component)), "a component without children shows nothing"
    assert recording.exports["summary"]


def test_the_program_in_the_readme_registers_its_component(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands there with a region file that the other example has."""
    [program] = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)
    monkeypatch.chdir(FOLDER.parent / "tenant_in_your_program")

    recording = harness.run(lambda: exec(program, {}))

    assert recording.one("ai-factory:index:TenantEnclave").name == "acme"
    assert recording.exports == {"namespace": "acme"}
