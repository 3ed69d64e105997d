"""Both sides of a change are what git says, merged where the base went on, and the repository is left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_factory.infra.gate.sides import trees
from ai_factory.infra.spec.problems import InputError

from .project import Project

NAME = Path("stacks") / "regions" / "lab.yaml"
CITY = "city: "


def test_the_work_tree_is_judged_where_the_base_stands_still(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.branch("change")
    (project.regions / "new.yaml").write_text("region: {}\n")

    with trees.opened(project.folder, "main") as both:
        assert both.head.folder == project.folder
        assert both.base is not None
        assert not (both.base.folder / "stacks" / "regions" / "new.yaml").exists()
        assert (both.base.folder / NAME).read_bytes() == (project.folder / NAME).read_bytes()
        assert both.base.words.startswith("main (")


@pytest.mark.parametrize("committed", [True, False])
def test_the_merge_is_judged_where_the_base_went_on(tmp_path: Path, committed: bool) -> None:
    project = Project(tmp_path)
    project.branch("change")
    if committed:
        (project.regions / "mine.yaml").write_text("mine\n")
        project.commit("mine")
    project.checkout("main")
    (project.regions / "theirs.yaml").write_text("theirs\n")
    project.commit("theirs")
    project.checkout("change")
    (project.regions / "mine.yaml").write_text("mine\n")
    before = project.state()

    with trees.opened(project.folder, "main") as both:
        names = {path.name for path in (both.head.folder / "stacks" / "regions").iterdir()}
        assert {"mine.yaml", "theirs.yaml", "lab.yaml"} <= names
        assert both.head.words == "the merge of the work tree into main"

    assert project.state() == before
    assert not (project.regions / "theirs.yaml").exists()


def test_a_conflict_in_a_region_file_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.branch("change")
    (project.folder / NAME).write_text("mine\n")
    project.commit("mine")
    project.checkout("main")
    (project.folder / NAME).write_text("theirs\n")
    project.commit("theirs")
    project.checkout("change")

    with (
        pytest.raises(InputError, match=r"stacks/regions/lab.yaml: conflicts with the base"),
        trees.opened(project.folder, "main"),
    ):
        pass


def test_a_conflict_elsewhere_is_noted(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for branch, text in (("change", "mine"), ("main", "theirs")):
        project.git("checkout", "--quiet", "-B", branch)
        (project.folder / "README").write_text(text)
        project.commit(text)
        project.git("checkout", "--quiet", "main")
        if branch == "change":
            project.git("reset", "--quiet", "--hard", "change~1")
    project.checkout("change")

    with trees.opened(project.folder, "main") as both:
        assert both.notes == ("outside stacks/ the merge conflicts in README",)


def test_a_project_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    project = Project(tmp_path, inside="deploy/ai")
    project.branch("change")
    (project.regions / "mine.yaml").write_text("mine\n")

    with trees.opened(project.folder, "main") as both:
        assert both.prefix == "deploy/ai/"
        assert both.base is not None
        assert (both.base.folder / NAME).is_file()


@pytest.mark.parametrize("wanted", ["nowhere", "--output=x"])
def test_a_base_that_is_not_there_is_said(tmp_path: Path, wanted: str) -> None:
    project = Project(tmp_path)

    with pytest.raises(trees.GitError, match=wanted), trees.opened(project.folder, wanted):
        pass


def test_a_folder_without_a_repository_is_said(tmp_path: Path) -> None:
    with pytest.raises(trees.GitError, match="git"), trees.opened(tmp_path, None):
        pass


def test_a_shallow_clone_is_told_how_to_go_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "origin")
    first = project.git("rev-parse", "HEAD").strip()
    project.commit("another")
    project.git("clone", "--quiet", "--depth", "1", f"file://{tmp_path}/origin", str(tmp_path / "clone"))

    with pytest.raises(trees.GitError, match="fetch-depth: 0"), trees.opened(tmp_path / "clone", first):
        pass


def test_a_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (project.regions / "far.yaml").symlink_to("/etc/hostname")
    project.commit("link")

    with pytest.raises(trees.GitError, match="is a link or a submodule"), trees.opened(project.folder, "main"):
        pass
