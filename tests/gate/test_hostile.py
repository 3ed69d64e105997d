"""Hostile and mistaken pull requests as data: edits of a project's files, and the verdict that the gate must give.

A file `tests/gate/hostile/<area>.yaml` holds cases as `matrix` reads them, each judged on a git project with the
example regions. All run in one process (but for those of `package`), on one project and one cache:

- `name`: of the case, the only one of this name in its file. `why`: what somebody loses if it passes.
- `region`: example region whose file `path`, `remove` and `append` edit; `kr-haein` if left out.
- `edit`: what the pull request does; `base`: what stands on the base already. Edits, in their order:
    {path: clusters[0].nodes, to: 5}         a value of the region file; `tenants[+]` appends to a list
    {remove: clusters[0].fabric}             a key or list item of the region file
    {replace: old, with: new}                text of the region file, or of `file`; it must be there
    {file: stacks/fleet.yaml, text: ...}     a file, written whole (`text` may be empty)
    {append: "text"}                         at the end of the region file, or of `file`
    {delete: Pulumi.yaml}                    a file or folder
    {move: stacks/regions, to: stacks/x}     a file or folder under another name
    {link: stacks/regions/a.yaml, to: ...}   a symbolic link
    {pipe: hosts.csv}                        a pipe that nobody writes to
    {repeat: "- 1\n", times: 9, in: a.yaml}  a file of a text over and over, behind `before`; `onto: true`: at its end
    {bytes: 00ff, in: a.yaml}                a file of bytes, in hex
    {repository: stacks/inner}               a git repository with a commit of its own
  Edits of a region file may name another `region` of their own.
- `allocate: false`: locks stay as they are; else those of edited region files are completed (`aifactory allocate`).
- `package: true`: the project holds a copy of this package, as its own repository does, and `kr-haein` only; it is
  judged by the copy as changed, in a process of its own (seconds, so few of them).
- `arguments`: further arguments of `aifactory gate`. `today`: day of the verdict, `2027-03-01` if left out.
- `expect`: `exit`: 0 good, 1 refused, 2 bad input, 3 environment. `rules`: that must be among the findings that count
  (not waived). `not`: rules that must not. `says`: parts of what is said: messages, remedies, notes, names.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import ledger
from ai_factory.infra.spec.problems import InputError
from tests import regionfile
from tests.conftest import Outcome

from . import matrix
from .project import WHO, Project

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent / "hostile"
REGIONS = ("kr-dsx-1", "kr-haein", "kr-ulsan", "lab")
TODAY = "2027-03-01"
MOST_SECONDS = 30.0
"""However strange a change is, its verdict takes no longer; nearly all take less than one."""
KEYS = {"name", "why", "region", "base", "edit", "allocate", "package", "arguments", "today", "expect"}
VERDICT_KEYS = {"exit", "rules", "not", "says"}
Case = Mapping[str, Any]
Edit = Mapping[str, Any]


@functools.cache
def cases(area: str) -> list[Case]:
    """Cases of an area, of the keys that there are only."""
    listed = matrix.load(FOLDER / f"{area}.yaml", KEYS)
    for case in listed:
        assert case["expect"].keys() <= VERDICT_KEYS, f"{case['name']}: {case['expect'].keys() - VERDICT_KEYS}"
    return listed


def every_case() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        yield from (pytest.param(case, id=f"{path.stem}: {case['name']}") for case in cases(path.stem))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all cases; each begins at its first commit."""
    return Project(tmp_path_factory.mktemp("hostile") / "project", REGIONS)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all cases, so that no case plans the base again."""
    return tmp_path_factory.mktemp("hostile-cache")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same with a copy of this package in it."""
    project = Project(tmp_path_factory.mktemp("hostile-package") / "project", ("kr-haein",))
    for name in ("infra", "templates", "components", "policypack"):
        ignored = shutil.ignore_patterns("__pycache__", ".venv")
        shutil.copytree(regionfile.REPOSITORY / name, project.folder / name, ignore=ignored)
    shutil.copytree(regionfile.REPOSITORY / "src", project.folder / "src", symlinks=True)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--amend", "-m", "begin")
    return project


@pytest.fixture
def project(case: Case, request: pytest.FixtureRequest) -> Iterator[Project]:
    shared: Project = request.getfixturevalue("package" if case.get("package") else "whole")
    first = shared.git("rev-list", "--max-parents=0", "HEAD").strip()
    yield shared
    for edit in case.get("edit", ()):  # git knows no pipes, and cleans none away
        if "pipe" in edit:
            (shared.folder / edit["pipe"]).unlink()
    # Once more after the cleaning: git takes files behind a link for those that belong there, and cleans them away.
    for _ in range(2):
        shared.git("reset", "--quiet", "--hard", first)
        shared.git("clean", "--quiet", "-ffdx")
    assert shared.git("status", "--porcelain").strip() == ""


@pytest.mark.parametrize("case", list(every_case()))
def test_hostile(
    case: Case,
    project: Project,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    aifactory: Callable[..., Outcome],
) -> None:
    if "base" in case:
        apply(project, case, case["base"])
        project.commit("base")
    apply(project, case, case.get("edit", ()))
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    monkeypatch.setenv("XDG_STATE_HOME", str(kept / "state"))

    arguments = ["--base", "HEAD", "--date", str(case.get("today", TODAY)), *case.get("arguments", ()), "--json"]
    began = time.monotonic()
    outcome = by_its_copy(project, arguments) if case.get("package") else aifactory("gate", *arguments)

    assert time.monotonic() - began < MOST_SECONDS
    expect, verdict = case["expect"], json.loads(outcome.out) if outcome.out.strip() else {}
    words = "\n".join(
        [*texts({**verdict, "regions": list(map(without_changes, verdict.get("regions", ())))}), outcome.err]
    )
    rules = counting(verdict)
    assert outcome.code == expect["exit"], words
    assert set(expect.get("rules", ())) <= rules, (sorted(rules), words)
    assert not rules & set(expect.get("not", ())), words
    assert [part for part in expect.get("says", ()) if part not in words] == [], words


def by_its_copy(project: Project, arguments: list[str]) -> Outcome:
    """What the project's own copy of the package says."""
    command = [sys.executable, "-c", "from ai_factory.infra.cli.main import main; main()", "gate", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(project.folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr)


def apply(project: Project, case: Case, edits: list[Edit]) -> None:
    """Make edits in the work tree; the locks of region files that they edit are completed."""
    touched = {}
    for edit in edits:
        name = edit.get("region", case.get("region", "kr-haein"))
        file = project.folder / edit["file"] if "file" in edit else project.regions / f"{name}.yaml"
        _kind_of(edit)(project, file, edit)
        if file.parent == project.regions and file.suffix == ".yaml" and not file.name.endswith(".lock.yaml"):
            touched[file] = None
    for file in touched if case.get("allocate", True) else ():
        complete(file)


def complete(file: Path) -> None:
    """Give out what a lock lacks; a file that can't be planned keeps its lock."""
    try:
        ledger.update(regions.open_region(file), (), write=True)
    except (InputError, OSError):
        return


def _kind_of(edit: Edit) -> Callable[[Project, Path, Edit], None]:
    return next(change for key, change in EDITS.items() if key in edit)


def _set(_project: Project, file: Path, edit: Edit) -> None:
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(regionfile.dump(regionfile.edited(data, to={edit["path"]: edit["to"]})), encoding="utf-8")


def _remove(_project: Project, file: Path, edit: Edit) -> None:
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(regionfile.dump(regionfile.edited(data, delete=[edit["remove"]])), encoding="utf-8")


def _replace(_project: Project, file: Path, edit: Edit) -> None:
    text = file.read_text(encoding="utf-8")
    assert edit["replace"] in text, edit
    file.write_text(text.replace(edit["replace"], edit["with"]), encoding="utf-8")


def _write(_project: Project, file: Path, edit: Edit) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(edit["text"], encoding="utf-8")


def _append(_project: Project, file: Path, edit: Edit) -> None:
    file.write_text(file.read_text(encoding="utf-8") + edit["append"], encoding="utf-8")


def _delete(project: Project, _file: Path, edit: Edit) -> None:
    path = project.folder / edit["delete"]
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _move(project: Project, _file: Path, edit: Edit) -> None:
    target = project.folder / edit["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    (project.folder / edit["move"]).rename(target)


def _pipe(project: Project, _file: Path, edit: Edit) -> None:
    os.mkfifo(project.folder / edit["pipe"])


def _repeat(project: Project, _file: Path, edit: Edit) -> None:
    path = project.folder / edit["in"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if edit.get("onto") else "w", encoding="utf-8") as stream:
        stream.write(edit.get("before", "") + edit["repeat"] * edit["times"])


def _bytes(project: Project, _file: Path, edit: Edit) -> None:
    (project.folder / edit["in"]).write_bytes(bytes.fromhex(edit["bytes"]))


def _repository(project: Project, _file: Path, edit: Edit) -> None:
    inner = str(project.folder / edit["repository"])
    subprocess.run(["git", "init", "--quiet", inner], check=True)
    command = ["git", "-C", inner, "commit", "--quiet", "--allow-empty", "-m", "inner"]
    subprocess.run(command, check=True, env={**os.environ, **WHO})


def _link(project: Project, _file: Path, edit: Edit) -> None:
    path = project.folder / edit["link"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(edit["to"])


EDITS: Mapping[str, Callable[[Project, Path, Edit], None]] = {
    "path": _set,
    "remove": _remove,
    "replace": _replace,
    "text": _write,
    "append": _append,
    "delete": _delete,
    "move": _move,
    "link": _link,
    "pipe": _pipe,
    "repeat": _repeat,
    "bytes": _bytes,
    "repository": _repository,
}
"""By the key that tells an edit's kind."""


def counting(verdict: Mapping[str, Any]) -> set[str]:
    """Rules of the findings that are not waived, of the fleet and of all regions."""
    listed = [*verdict.get("findings", ()), *(f for region in verdict.get("regions", ()) for f in region["findings"])]
    return {finding["rule"] for finding in listed if finding["waived"] is None}


def without_changes(region: Mapping[str, Any]) -> dict[str, Any]:
    """A region's verdict without the fields of objects, which may be long."""
    return {key: value for key, value in region.items() if key not in ("changes", "pools")}


def texts(value: Any) -> Iterator[str]:
    """All texts of plain data."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value
