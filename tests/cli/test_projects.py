"""Outside a project, or in one without regions, no command ends well: a pipeline must not be green for having judged
nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ai_factory.infra.errors import BAD_INPUT, ENVIRONMENT, UnavailableError
from ai_factory.infra.plan import regions
from ai_factory.infra.spec.problems import InputError
from tests import regionfile
from tests.cli.test_help import COMMANDS
from tests.conftest import Outcome
from tests.gate.project import WHO

pytestmark = pytest.mark.slow

LAB = regionfile.base_text("lab")
PROJECT = {"Pulumi.yaml": "name: mine\nruntime: python\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A working directory, and what is said in it."""

    files: dict[str, str]
    all_regions: int
    """Exit code of commands for all regions."""
    by_name: int
    """Exit code of commands for the region `lab`."""
    says: str


FOLDERS = {
    "nothing": Folder(
        files={"README.md": "x"}, all_regions=ENVIRONMENT, by_name=ENVIRONMENT,
        says="is in no project: no Pulumi.yaml with stacks/regions beside it",
    ),
    "regions without a project": Folder(
        files={"stacks/regions/lab.yaml": LAB}, all_regions=ENVIRONMENT, by_name=ENVIRONMENT,
        says="holds stacks/regions but no Pulumi.yaml: it is no project. Restore the file",
    ),
    "another project": Folder(
        files=PROJECT, all_regions=BAD_INPUT, by_name=BAD_INPUT,
        says="the project has no folder stacks/regions, so there is no region to work on",
    ),
    "no region": Folder(
        files={**PROJECT, "stacks/regions/.gitkeep": ""}, all_regions=BAD_INPUT, by_name=BAD_INPUT,
        says="there is no region",
    ),
    "a lock without its region": Folder(
        files={**PROJECT, "stacks/regions/lab.lock.yaml": "x"}, all_regions=BAD_INPUT, by_name=BAD_INPUT,
        says="there is no region",
    ),
    "a region of another ending": Folder(
        files={**PROJECT, "stacks/regions/lab.yml": LAB}, all_regions=BAD_INPUT, by_name=BAD_INPUT,
        says="region",
    ),
}  # fmt: skip
BESIDE = {
    "an ending": ("kr.yml", LAB),
    "a folder": ("kr/kr.yaml", LAB),
    "capitals": ("kr.YAML", LAB),
    "another format": ("kr.json", '{"region": {"name": "kr"}}'),
}
ALL = [
    ("check",), ("check", "--json"), ("check", "--quiet"), ("regions",), ("regions", "--json"), ("fleet",),
    ("fleet", "-o", "out"), ("gate",), ("gate", "--no-base"), ("gate", "--no-base", "--json", "--quiet"),
    ("up", "--all", "--yes"), ("up", "--all", "--dry-run", "--include-samples", "--engine", "direct"),
]  # fmt: skip
BY_NAME = [
    ("check", "lab"), ("plan", "lab"), ("preview", "lab"), ("render", "lab", "out"), ("allocate", "lab"),
    ("inventory", "sample", "lab"), ("logs", "lab"), ("doctor", "lab"), ("status", "lab"), ("drift", "lab"),
    ("up", "lab", "--yes"), ("down", "lab", "--yes"), ("sandbox", "up", "lab"),
    ("expand", "lab", "--to", "jp-osaka", "--country", "JP", "--power-mw", "9"),
]  # fmt: skip
NO_REGION = {
    ("schema",), ("size", "fabric"), ("size", "site"), ("sandbox", "down"), ("sandbox", "status"),
    ("sandbox", "kubeconfig"), ("sandbox", "logs"), ("size",), ("init",),
}  # fmt: skip
"""Commands that work on no region."""

Run = Callable[..., Outcome]


def make(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in (("init", "--quiet", "--initial-branch", "main"), ("add", "."), ("commit", "--quiet", "-m", "x")):
        subprocess.run(["git", "-C", folder, *command], check=True, capture_output=True, env={**os.environ, **WHO})


def test_every_command_is_looked_at() -> None:
    known = {command for command in COMMANDS for call in (*ALL, *BY_NAME) if call[: len(command)] == command}
    assert set(COMMANDS) - known == NO_REGION


@pytest.mark.parametrize("call", [*ALL, *BY_NAME], ids=" ".join)
@pytest.mark.parametrize("name", FOLDERS)
def test_no_command_ends_well_where_there_is_nothing(
    name: str, call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run
) -> None:
    folder = FOLDERS[name]
    make(tmp_path, folder.files)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    outcome = aifactory(*call)

    assert outcome.code == (folder.all_regions if call in ALL else folder.by_name), outcome
    assert folder.says in outcome.err and "Traceback" not in outcome.err
    assert outcome.out in ("", "[]\n") or call == ("check", "lab")
    assert sorted(path for path in tmp_path.rglob("*") if ".git" not in path.parts) == [
        path for path in before if ".git" not in path.parts
    ]


@pytest.mark.parametrize("call", [("check", "--quiet"), ("regions",), ("fleet",), ("gate", "--no-base")], ids=" ".join)
@pytest.mark.parametrize("case", BESIDE)
def test_a_region_that_nobody_reads_is_a_fault_beside_one_that_is_good(
    case: str, call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run
) -> None:
    place, text = BESIDE[case]
    lock = (regionfile.REGIONS / "lab.lock.yaml").read_text(encoding="utf-8")
    good = {**PROJECT, "stacks/regions/lab.yaml": LAB, "stacks/regions/lab.lock.yaml": lock}
    make(tmp_path, {**good, f"stacks/regions/{place}": text, "stacks/regions/inventory/hosts.csv": "region:\n"})
    monkeypatch.chdir(tmp_path)

    outcome = aifactory(*call)

    assert outcome.code == BAD_INPUT
    assert f"stacks/regions/{place}: looks like a region file, and no command reads it" in outcome.err
    (tmp_path / "stacks" / "regions" / place).unlink()
    assert aifactory("check", "--quiet").code == 0


def test_a_change_that_takes_the_last_region_away_is_judged_and_what_is_left_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run
) -> None:
    make(tmp_path, {**PROJECT, "stacks/regions/lab.yaml": LAB, "stacks/regions/.gitkeep": ""})
    (tmp_path / "stacks" / "regions" / "lab.yaml").unlink()
    monkeypatch.chdir(tmp_path)

    assert "lab (removed): " in aifactory("gate", "--base", "main").out
    assert aifactory("gate", "--no-base").code == BAD_INPUT


# Where a project is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "stacks", "stacks/regions", "infra/plan", "tests/cli"])
def test_a_project_is_found_from_any_folder_in_it(inside: str) -> None:
    assert regions.project_root(regionfile.REPOSITORY / inside) == regionfile.REPOSITORY


def test_the_nearest_project_counts() -> None:
    """Another program below the package's own repository is not judged by the regions of the package."""
    with pytest.raises(InputError, match=r"tenant_in_your_program/Pulumi\.yaml: the project has no folder"):
        regions.project_root(regionfile.REPOSITORY / "examples" / "tenant_in_your_program")


def test_the_package_s_own_regions_serve_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnavailableError, match="is in no project"):
        regions.known_regions()


def test_a_file_s_own_project_is_that_of_its_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {**PROJECT, "stacks/regions/lab.yaml": LAB})
    file = tmp_path / "stacks" / "regions" / "lab.yaml"
    (tmp_path / "alone").mkdir()

    assert regions.root_of(str(file)) == tmp_path
    assert regions.root_of("lab") == regionfile.REPOSITORY
    (tmp_path / "Pulumi.yaml").unlink()
    assert regions.root_of(str(tmp_path / "alone" / "x.yaml")) == tmp_path / "alone"
    monkeypatch.chdir(tmp_path / "alone")
    assert regions.root_of("x.yaml") == tmp_path / "alone"


def test_completion_outside_a_project_is_empty_and_silent(tmp_path: Path) -> None:
    words = {"_AIFACTORY_COMPLETE": "bash_complete", "COMP_WORDS": "aifactory plan ", "COMP_CWORD": "2"}
    command = [Path(sys.executable).with_name("aifactory")]
    environment = {**os.environ, **words}

    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


# A project inside another repository, or beside another project -----------------------------------------------------

TAKEN: dict[str, tuple[str, ...]] = {
    "its regions": ("stacks/regions/lab.yaml",),
    "its mark": ("Pulumi.yaml",),
    "all of it": ("Pulumi.yaml", "stacks/regions/lab.yaml"),
}


@pytest.mark.parametrize("call", [*ALL, *BY_NAME], ids=" ".join)
def test_no_command_takes_the_project_of_another_repository(
    call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run
) -> None:
    make(tmp_path, {**PROJECT, "stacks/regions/lab.yaml": LAB})
    make(tmp_path / "mine", {"README.md": "x"})
    monkeypatch.chdir(tmp_path / "mine")

    outcome = aifactory(*call)

    assert outcome.code == ENVIRONMENT, outcome
    assert "is in no project" in outcome.err


@pytest.mark.parametrize("inside", ["", "stacks"])
@pytest.mark.parametrize("taken", TAKEN)
def test_a_change_that_ends_a_project_is_not_judged_as_one_of_the_project_around_it(
    taken: str, inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run
) -> None:
    guarded = LAB.replace("protect: false", "protect: true ")
    inner = {f"deploy/{name}": text for name, text in {**PROJECT, "stacks/regions/lab.yaml": guarded}.items()}
    make(tmp_path, {**PROJECT, "stacks/regions/lab.yaml": LAB, **inner, "deploy/stacks/README.md": "x"})
    for name in TAKEN[taken]:
        (tmp_path / "deploy" / name).unlink()
    monkeypatch.chdir(tmp_path / "deploy" / inside)

    outcome = aifactory("gate", "--base", "main")

    assert outcome.code == 1, outcome
    assert ("project-lost" in outcome.out) == ("Pulumi.yaml" in TAKEN[taken])
    assert ("region-lost" in outcome.out) == ("stacks/regions/lab.yaml" in TAKEN[taken])
