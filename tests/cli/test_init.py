"""`init` makes a project that is good as it stands, whole or not at all, and never over anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_mock import MockerFixture

from ai_factory.infra import plan_region
from ai_factory.infra.expand import project
from ai_factory.infra.plan import regions
from ai_factory.infra.spec.schema import schema_text
from ai_factory.infra.text import templates
from tests import regionfile
from tests.conftest import Outcome
from tests.gate.project import WHO

pytestmark = pytest.mark.slow

Run = Callable[..., Outcome]
FILES = {
    ".github/workflows/ai-factory-report.yml", ".github/workflows/ai-factory.yml", ".gitignore", ".gitlab-ci.yml",
    "CODEOWNERS", "Pulumi.yaml", "README.md", "__main__.py", "policypack/PulumiPolicy.yaml", "policypack/__main__.py",
    "policypack/requirements.lock", "requirements.lock", "requirements.txt", "stacks/Pulumi.lab.yaml",
    "stacks/region.schema.json", "stacks/regions/lab.lock.yaml", "stacks/regions/lab.yaml",
}  # fmt: skip


def files(folder: Path) -> set[str]:
    """Everything below a folder, empty folders too."""
    paths = (path for path in folder.rglob("*") if path.is_file() or not any(path.iterdir()))
    return {path.relative_to(folder).as_posix() for path in paths if ".git" not in path.relative_to(folder).parts}


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run) -> Path:
    """A new project, committed; the working directory."""
    folder = tmp_path / "factory"
    assert aifactory("init", folder).code == 0
    monkeypatch.chdir(folder)
    for command in (("init", "--quiet", "--initial-branch", "main"), ("add", "."), ("commit", "--quiet", "-m", "x")):
        subprocess.run(["git", "-C", folder, *command], check=True, capture_output=True, env={**os.environ, **WHO})
    return folder


def test_the_files_are_there(factory: Path) -> None:
    assert files(factory) == FILES
    assert {(factory / name).stat().st_mode & 0o777 for name in FILES} == {0o644}


def test_owners_are_named_for_all_that_steers_the_job(factory: Path) -> None:
    lines = (factory / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owned = tuple(line.split()[0].removeprefix("/") for line in lines if line.startswith("/"))

    assert {name for name in FILES if not name.startswith(owned)} == {"README.md"}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("check",), "good: lab (Laptop, KR)"),
        (("gate",), "good: no findings"),
        (("gate", "--no-base", "--quiet"), ""),
        (("regions",), "lab"),
        (("plan", "lab"), "quantum-x800"),
        (("preview", "lab"), "TenantEnclave"),
        (("render", "lab", "rendered/lab"), "files in rendered/lab"),
        (("allocate", "lab"), "nothing to allocate: the lock is complete"),
        (("expand", "lab", "--to", "jp-osaka", "--country", "JP", "--power-mw", "60"), "wrote stacks/regions/jp-osaka"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_is_good_at_once(call: tuple[str, ...], says: str, factory: Path, aifactory: Run) -> None:
    outcome = aifactory(*call)

    assert outcome.code == 0, outcome
    assert says in outcome.out
    status = subprocess.run(["git", "status", "--porcelain"], cwd=factory, capture_output=True, text=True, check=True)
    changed = {line.split("/")[-1] for line in status.stdout.splitlines()}
    assert changed == (
        {"jp-osaka.lock.yaml", "jp-osaka.yaml", "Pulumi.jp-osaka.yaml"} if call[0] == "expand" else set()
    )


def test_the_files_say_what_belongs_to_the_project(factory: Path) -> None:
    described = yaml.safe_load((factory / "Pulumi.yaml").read_text(encoding="utf-8"))
    ours = yaml.safe_load((regionfile.REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))

    assert described["name"] == "factory" and "main" not in described
    assert {key: described[key] for key in ("runtime", "stackConfigDir")} == {
        key: ours[key] for key in ("runtime", "stackConfigDir")
    }
    # Pulumi lets a project declare settings of its own name only.
    assert described["config"] == {"pulumi:disable-default-providers": {"value": ["kubernetes"]}}
    assert re.search(r"^ai-factory==\d+\.\d+\.\d+$", (factory / "requirements.txt").read_text(), re.MULTILINE)
    assert (factory / "stacks" / "region.schema.json").read_text(encoding="utf-8") == schema_text()
    for name in ("PulumiPolicy.yaml", "__main__.py", "requirements.lock"):
        assert (factory / "policypack" / name).read_bytes() == (
            regionfile.REPOSITORY / "policypack" / name
        ).read_bytes()


def test_the_settings_that_pulumi_yaml_lists_are_those_of_the_program(factory: Path) -> None:
    text = (factory / "Pulumi.yaml").read_text(encoding="utf-8")
    ours = yaml.safe_load((regionfile.REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]

    assert {f"ai-factory:{key}" for key in ours if ":" not in key} == set(re.findall(r"ai-factory:\w+", text))
    stack = yaml.safe_load((factory / "stacks" / "Pulumi.lab.yaml").read_text(encoding="utf-8"))
    assert stack["config"] == {"ai-factory:region": "lab", "ai-factory:sandbox": True, "ai-factory:wait": False}


def test_the_sample_is_the_lab_of_the_repository(factory: Path) -> None:
    """One sample to look after; only the comments differ."""
    made = yaml.safe_load((factory / "stacks" / "regions" / "lab.yaml").read_text(encoding="utf-8"))

    assert made == regionfile.base("lab")
    assert plan_region(made, lock=factory / "stacks/regions/lab.lock.yaml").sample_inventory


def with_command(value: Any) -> Any:
    """A workflow of the repository with the commands by which a project gets the package."""
    if isinstance(value, dict):
        return {key: with_command(inner) for key, inner in value.items()}
    if isinstance(value, list):
        parts = [[*project.INSTALL] if one == "make setup" else [with_command(one)] for one in value]
        return [one for part in parts for one in part]
    if isinstance(value, str):
        lines = [[*project.INSTALL] if line.strip() == "make setup" else [line] for line in value.splitlines()]
        return "\n".join(line for part in lines for line in part)
    return value


def plain(value: Any) -> Any:
    """Texts without the line breaks at their ends."""
    return json.loads(json.dumps(value).replace('\\n"', '"'))


@pytest.mark.parametrize(
    "name", [".github/workflows/ai-factory.yml", ".github/workflows/ai-factory-report.yml", ".gitlab-ci.yml"]
)
def test_a_pipeline_is_that_of_the_repository_with_another_way_to_install(name: str, factory: Path) -> None:
    ours = yaml.safe_load((regionfile.REPOSITORY / name).read_text(encoding="utf-8"))
    text = (factory / name).read_text(encoding="utf-8")

    assert plain(yaml.safe_load(text)) == plain(with_command(ours))
    assert "make " not in re.sub(r"#.*", "", text) and "infra/" not in text and text.endswith("\n")


def test_every_template_is_used() -> None:
    folder = regionfile.REPOSITORY / "templates" / "project"
    source = Path(project.__file__).read_text(encoding="utf-8")
    used = re.findall(r'rendered\("([\w.-]+)"|"project/([\w.-]+)\.j2"', source)
    assert {path.name for path in folder.iterdir()} == {f"{first or second}.j2" for first, second in used}
    assert templates.render("project/gitignore.j2").startswith(".venv/\n")


# Options -------------------------------------------------------------------------------------------------------


def test_a_region_of_another_country_and_its_owners(tmp_path: Path, aifactory: Run) -> None:
    options = ("--name", "mine", "--region", "no-oslo", "--country", "NO", "--city", "Oslo: east")

    outcome = aifactory("init", tmp_path, *options, "--owner", "@acme/platform", "--owner", "ops@acme.example")

    assert (outcome.code, outcome.err) == (0, "") and "settle" not in outcome.out
    made = yaml.safe_load((tmp_path / "stacks/regions/no-oslo.yaml").read_text(encoding="utf-8"))
    assert made["region"] == {"name": "no-oslo", "country": "NO", "city": "Oslo: east"}
    assert made["sovereignty"]["residency"] == made["sovereignty"]["operators"] == ["NO"]
    assert aifactory("check", tmp_path / "stacks/regions/no-oslo.yaml").code == 0
    assert "* @acme/platform ops@acme.example\n" in (tmp_path / "CODEOWNERS").read_text(encoding="utf-8")


def test_the_country_s_profile_gives_the_pue(tmp_path: Path, aifactory: Run) -> None:
    outcome = aifactory("init", tmp_path / "x", "--country", "SG", "--dry-run", "--json")

    text = json.loads(outcome.out)["files"]["stacks/regions/lab.yaml"]
    figure = yaml.safe_load((regionfile.REPOSITORY / "infra/catalog/countries/SG.yaml").read_text())["pue"]["value"]
    assert yaml.safe_load(text)["site"]["power"]["pue"] == figure


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (("--region", "Lab"), ["--region: not a legal Kubernetes name"]),
        (("--region", "on"), ["--region: YAML reads on as yes, no or nothing"]),
        (("--region", "../lab"), ["--region: not a legal Kubernetes name"]),
        (("--country", "Korea", "--city", ""), ["--country: not a country code", "--city: must not be empty"]),
        (("--name", "my factory"), ["--name: 'my factory' is no name of a Pulumi project"]),
        (("--name", ""), ["--name: '' is no name"]),
        (("--owner", "acme"), ["--owner: 'acme' is nobody"]),
        (("--owner", "@acme\n* @evil"), ["--owner: "]),
    ],
)
def test_wrong_options_are_told_at_once(
    options: tuple[str, ...], messages: list[str], tmp_path: Path, aifactory: Run
) -> None:
    outcome = aifactory("init", tmp_path / "new", *options)

    assert (outcome.code, outcome.out) == (2, "")
    assert all(f"aifactory init: {message}" in outcome.err for message in messages), outcome.err
    assert len(outcome.err.splitlines()) == len(messages)
    assert files(tmp_path) == set()


# All or nothing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_overwritten_and_nothing_else_written(name: str, tmp_path: Path, aifactory: Run) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine\n", encoding="utf-8")

    outcome = aifactory("init", tmp_path, "--name", "x", "--region", "lab")

    assert (outcome.code, outcome.out) == (2, "")
    assert f"{name}: exists, and nothing is overwritten" in outcome.err
    assert files(tmp_path) == {name} and (tmp_path / name).read_text(encoding="utf-8") == "mine\n"


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path, aifactory: Run) -> None:
    (tmp_path / "Pulumi.yaml").symlink_to(tmp_path / "elsewhere")

    assert aifactory("init", tmp_path, "--name", "x").code == 2
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_behind(
    fault: BaseException, tmp_path: Path, aifactory: Run, mocker: MockerFixture
) -> None:
    real, left = Path.hardlink_to, iter(range(7))

    def link(path: Path, target: Path) -> None:
        if next(left, None) is None:
            raise fault
        real(path, target)

    mocker.patch.object(Path, "hardlink_to", link)
    outcome = aifactory("init", tmp_path / "deep" / "factory")

    assert outcome.code == (130 if isinstance(fault, KeyboardInterrupt) else 3)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_writes_nothing_and_names_every_file(tmp_path: Path, aifactory: Run) -> None:
    said = aifactory("init", tmp_path / "factory", "--dry-run")

    assert (said.code, said.err) == (0, "")
    assert len(re.findall(r"^would write ", said.out, re.MULTILINE)) == len(FILES)
    data = json.loads(aifactory("init", tmp_path / "factory", "--dry-run", "--json").out)
    assert set(data["files"]) == FILES and (data["project"], data["region"], data["written"]) == (
        "factory",
        "lab",
        False,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_project_is_made_around_regions_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aifactory: Run
) -> None:
    folder = tmp_path / "stacks" / "regions"
    folder.mkdir(parents=True)
    for suffix in (".yaml", ".lock.yaml"):
        (folder / f"kr-haein{suffix}").write_bytes((regionfile.REGIONS / f"kr-haein{suffix}").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert aifactory("check").code == 3

    outcome = aifactory("init", "--name", "mine")

    assert (outcome.code, outcome.err) == (0, "")
    assert regions.known_regions() == ["kr-haein"]
    assert not [name for name in files(tmp_path) if "lab." in name]
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "aifactory plan kr-haein" in readme and "is a sample" not in readme
    assert aifactory("check").code in (0, 1)
