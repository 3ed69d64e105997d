"""A new project with a first region: all files that another team commits to work with this package, installed.

>>> made = draft(Request(folder=Path("factory"), version="1.2.3"))
>>> made.region, [path.as_posix() for path in made.files][-1]
('lab', 'factory/Pulumi.yaml')
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from .. import catalog, spec
from ..catalog import UnknownEntryError
from ..plan import regions
from ..plan.allocation import lock
from ..plan.model import RegionPlan
from ..plan.sources import allocate, plan_region
from ..spec.data import document
from ..spec.load import validate_as
from ..spec.problems import InputError, Problem
from ..spec.schema import schema_text
from ..spec.source import display_name
from ..text import templates
from ..text.flow import flow, is_plain
from .files import place

COMMAND = "aifactory init"
SAMPLE = "lab"
"""Name of the sample region where none is asked for."""
INSTALL = (
    "python -m venv .venv",
    ".venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock",
    ".venv/bin/python -m pip install --quiet --no-deps -r requirements.txt",
    ".venv/bin/python -m pip check",
)
"""How a pipeline gets what this package needs, by hashes, and then the package; the last says whether both fit."""
_PACK = ("PulumiPolicy.yaml", "__main__.py", "requirements.lock")
"""Files of the policy pack that a project has; its rules are those of the installed package."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_OWNER = re.compile(r"@[\w.-]+(/[\w.-]+)*|[^\s@]+@[^\s@]+")
_OPTIONS = {"name": "--region", "country": "--country", "city": "--city"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A project to be made."""

    folder: Path
    """Where; made if it is not there."""
    version: str
    """Version of this package that the project asks for."""
    name: str | None = None
    """Name of the Pulumi project; the folder's if None."""
    region: str | None = None
    """Name of the sample region; `lab` if None, or no region at all where the folder has some."""
    country: str = "KR"
    """Country of the sample region, ISO 3166-1."""
    city: str = "Laptop"
    owners: tuple[str, ...] = ()
    """Who reviews, as CODEOWNERS names them; to be settled if empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A new project, ready to be written."""

    folder: Path
    name: str
    region: str
    """The sample, or the first of the regions that are there."""
    files: dict[Path, str]
    """Texts by file, in the order that they are put in place: Pulumi.yaml, which makes it a project, last."""
    plan: RegionPlan | None
    """Plan of the sample region; None where there are regions."""

    @property
    def decisions(self) -> int:
        """Places that a person must decide."""
        return sum(text.count("DECIDE") for text in self.files.values())


def draft(request: Request) -> Project:
    """Make a project; nothing is written.

    Raises:
        InputError: every fault of the request; every file that is there already.
    """
    folder = request.folder
    region_names = regions.known_regions(folder) if request.region is None else []
    region = request.region if request.region is not None else region_names[0] if region_names else SAMPLE
    name = request.name if request.name is not None else folder.resolve().name
    faults = list(_faults(request, region, name))
    if faults:
        raise InputError(faults)
    plan, sample = (None, {}) if region_names else _sample(request, region)
    values = {
        "project": name,
        "region": region,
        "version": request.version,
        "owners": request.owners,
        "sample": not region_names,
    }
    files = {folder / path: text for path, text in {**sample, **_around(values)}.items()}
    if taken := [path for path in files if path.exists() or path.is_symlink()]:
        raise InputError(_fault(display_name(path), "exists, and nothing is overwritten", "move it") for path in taken)
    return Project(folder=folder, name=name, region=region, files=files, plan=plan)


def write(project: Project) -> None:
    """Put a project's files in place, all or none, folders too.

    Raises:
        InputError: a file appeared meanwhile.
        OSError: the folder can't be written to.
    """
    with _folders(path.parent for path in project.files):
        place(project.files)


def _fault(path: str, message: str, remedy: str = "") -> Problem:
    return Problem(file=COMMAND, path=path, message=message, remedy=remedy)


def _faults(request: Request, region: str, name: str) -> Iterator[Problem]:
    """What is wrong with the options, by the rules of region files, of Pulumi and of CODEOWNERS."""
    info = {"name": region, "country": request.country, "city": request.city}
    try:
        validate_as(spec.RegionInfo, document(info, COMMAND))
    except InputError as error:
        for problem in error.problems:
            yield _fault(_OPTIONS[problem.path], f"{problem.message} (given: {info[problem.path]!r})", problem.remedy)
    if region.isalpha() and not is_plain(region):
        yield _fault("--region", f"YAML reads {region} as yes, no or nothing", "choose another name")
    if not _NAME.fullmatch(name):
        yield _fault("--name", f"{name!r} is no name of a Pulumi project", "use letters, digits, dots and dashes")
    for owner in request.owners:
        if not _OWNER.fullmatch(owner):
            yield _fault("--owner", f"{owner!r} is nobody that CODEOWNERS can name", "write it like @team or @org/team")


def _sample(request: Request, region: str) -> tuple[RegionPlan, dict[Path, str]]:
    """The first region, its lock and the settings of its stack, as they will be read."""
    info = flow({"name": region, "country": request.country, "city": request.city})
    values: dict[str, Any] = {"region": region, "info": info, "country": flow(request.country), "pue": _pue(request)}
    text = templates.render("project/region.yaml.j2", **values)
    data = yaml.safe_load(text)
    given_out = allocate(data)
    file = regions.REGIONS / f"{region}.yaml"
    return plan_region(data, lock=given_out), {
        Path("stacks") / f"Pulumi.{region}.yaml": templates.render("project/stack.yaml.j2", region=region),
        lock.lock_path(file): lock.text(given_out),
        file: text,
    }


def _pue(request: Request) -> float:
    """PUE to plan with in the country; one for liquid cooling in a temperate climate where it has no profile."""
    try:
        return catalog.load().country(request.country).pue.require("pue")
    except UnknownEntryError:
        return 1.2


def _around(values: Mapping[str, Any]) -> dict[Path, str]:
    """Everything but the region."""

    def rendered(template: str, **more: Any) -> str:
        return templates.render(f"project/{template}.j2", **values, **more)

    workflows, pack = Path(".github") / "workflows", Path("policypack")
    return {
        workflows / "ai-factory.yml": rendered("ai-factory.yml", install=INSTALL),
        workflows / "ai-factory-report.yml": rendered("ai-factory-report.yml"),
        Path(".gitlab-ci.yml"): rendered("gitlab-ci.yml", install=INSTALL),
        Path(".gitignore"): rendered("gitignore"),
        Path("CODEOWNERS"): rendered("CODEOWNERS"),
        Path("README.md"): rendered("README.md"),
        Path("requirements.lock"): rendered("requirements.lock", pins=_pins()),
        Path("requirements.txt"): rendered("requirements.txt"),
        Path("__main__.py"): rendered("main.py"),
        Path("stacks") / "region.schema.json": schema_text(),
        **{pack / name: _of_pack(name) for name in _PACK},
        Path("Pulumi.yaml"): rendered("Pulumi.yaml"),
    }


def _pins() -> str:
    """What this package needs at run time, with hashes, without what pip-compile says of how it was made."""
    text = resources.files("ai_factory.infra.expand").joinpath("run_time.lock").read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def _of_pack(name: str) -> str:
    return resources.files("ai_factory.policypack").joinpath(name).read_text(encoding="utf-8")


@contextlib.contextmanager
def _folders(wanted: Iterator[Path]) -> Iterator[None]:
    """Make folders; those that were made go again if the block fails."""
    new: list[Path] = []
    try:
        for folder in dict.fromkeys(wanted):
            for part in (*reversed(folder.parents), folder):
                if not part.exists():
                    part.mkdir()
                    new.append(part)
        yield
    except BaseException:
        for folder in reversed(new):
            with contextlib.suppress(OSError):  # somebody else put something into it
                folder.rmdir()
        raise
