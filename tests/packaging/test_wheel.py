"""The package outside its repository: what the wheel holds, and what a stranger does with it."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from ai_factory.policypack import adapter
from tests import installed, regionfile
from tests.gate.project import WHO

from . import programs

pytestmark = pytest.mark.slow


def run(folder: Path, *command: object, code: int = 0) -> str:
    """What a command of the environment prints; its exit code is as given."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, env={**installed.clean_environment(), **WHO}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if code else "")


@pytest.fixture
def command(user_python: Path) -> Path:
    """The installed `aifactory`."""
    return user_python.with_name("aifactory")


@pytest.fixture
def factory(tmp_path: Path, command: Path) -> Path:
    """A project that a stranger made and committed."""
    folder = tmp_path / "factory"
    run(tmp_path, command, "init", folder)
    for words in (("init", "--quiet", "--initial-branch", "main"), ("add", "."), ("commit", "--quiet", "-m", "x")):
        run(folder, "git", "-C", folder, *words)
    return folder


def test_the_licence_is_in_the_wheel(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
    [about] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]

    assert archive.read(name) == (regionfile.REPOSITORY / "LICENSE").read_bytes()
    metadata = email.message_from_bytes(archive.read(about))
    assert (metadata["License-Expression"], metadata.get_all("License-File")) == ("Apache-2.0", ["LICENSE"])


def test_the_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"ai_factory", wheel.name.split("-py3")[0] + ".dist-info"}


def test_the_licence_is_the_whole_of_it() -> None:
    text = (regionfile.REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("check",), "good: lab (Laptop, KR)"),
        (("gate",), "good: no findings"),
        (("gate", "--no-base", "--json"), '"region": "lab"'),
        (("plan", "lab"), "quantum-x800"),
        (("preview", "lab"), "TenantEnclave"),
        (("render", "lab", "rendered/lab"), "files in rendered/lab"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_works_in_a_new_project(words: tuple[str, ...], says: str, factory: Path, command: Path) -> None:
    assert says in run(factory, command, *words)


def test_a_bad_change_is_refused_in_a_new_project(factory: Path, command: Path) -> None:
    file = factory / "stacks" / "regions" / "lab.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("racks: 2\n", "racks: 5\n"), encoding="utf-8")

    assert "max_racks (4) is below racks (5); raise it" in run(factory, command, "gate", code=2)


def test_outside_a_project_nothing_is_judged_and_nothing_is_good(tmp_path: Path, command: Path) -> None:
    for words in (("check",), ("gate",), ("regions",), ("fleet",), ("plan", "lab")):
        assert f"error: {tmp_path} is in no project" in run(tmp_path, command, *words, code=3)
    shutil.copytree(regionfile.REGIONS, tmp_path / "stacks" / "regions")
    assert "but no Pulumi.yaml" in run(tmp_path, command, "check", code=3)


def test_the_program_of_a_new_project_runs_under_mocks(factory: Path, user_python: Path) -> None:
    where, *types = run(factory, user_python, "-c", programs.PROGRAM).splitlines()

    assert Path(where).is_relative_to(user_python.parent.parent)
    own = {"Region", "ManagementCluster", "GpuCluster", "RackGroup", "ClusterPlatform", "TenantEnclave", "Storage"}
    assert {f"ai-factory:index:{name}" for name in own} <= set(types)
    assert "kubernetes:core/v1:Namespace" in types


def test_the_policy_pack_of_a_new_project_serves_the_installed_rules(factory: Path, user_python: Path) -> None:
    where, told = run(factory, user_python, "-c", programs.PACK).splitlines()

    assert Path(where).is_relative_to(user_python.parent.parent)
    assert told == f"{len(adapter.object_rules()) + len(adapter.set_rules())} {factory}"


def test_the_requirements_name_the_version_that_is_installed(factory: Path, user_python: Path) -> None:
    code = "from importlib.metadata import version; print(version('ai-factory'))"
    assert (
        f"ai-factory=={run(factory, user_python, '-c', code).strip()}\n" in (factory / "requirements.txt").read_text()
    )


def test_a_stranger_has_no_variable_of_ours(factory: Path, command: Path) -> None:
    """The environment that the other tests run in holds no hint of the repository."""
    assert str(regionfile.REPOSITORY) not in os.pathsep.join(
        value for key, value in installed.clean_environment().items() if key not in ("PATH", "PWD", "OLDPWD")
    )
    assert str(regionfile.REPOSITORY) not in run(factory, command, "plan", "lab", "--json", "--no-hosts")
