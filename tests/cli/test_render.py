"""The rendered tree: the same bytes each time, never in the place of something else, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pytest_mock import MockerFixture

from ai_factory.infra.engine import render
from tests.conftest import Outcome

Run = Callable[..., Outcome]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def tree(lab: Path, tmp_path: Path, aifactory: Run) -> Path:
    folder = tmp_path / "out" / "tree"
    assert aifactory("render", lab, folder, "--quiet") == Outcome(0, "", "")
    return folder


def test_two_runs_give_the_same_bytes(tree: Path, lab: Path, tmp_path: Path, aifactory: Run) -> None:
    first = digests(tree)

    outcome = aifactory("render", lab, tmp_path / "again")
    assert digests(tmp_path / "again") == first
    assert outcome.out == f"{len(first) - 1} files in {tmp_path / 'again'}\n"

    assert aifactory("render", lab, tree).code == 0
    assert digests(tree) == first
    assert [path.name for path in tree.parent.iterdir()] == ["tree"]


def test_every_folder_is_a_kustomization_of_its_files_in_their_order(tree: Path, lab: Path, aifactory: Run) -> None:
    components = json.loads(aifactory("preview", lab, "--json").out)["stacks"][0]["components"]
    order = [f"{component['type']}-{component['name']}.yaml" for component in components]
    folders = {path.parent for path in tree.rglob("*.yaml")}

    assert {folder.name for folder in folders} == {"management", "train", "infer"}
    assert {folder.parent for folder in folders} == {tree / "mine"}
    for folder in folders:
        listed = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        assert {*listed, "kustomization.yaml"} == {path.name for path in folder.iterdir()}
        assert listed == [name for name in order if name in listed]


def test_the_tree_holds_what_preview_counts(tree: Path, lab: Path, aifactory: Run) -> None:
    files = [path for path in tree.rglob("*.yaml") if path.name != "kustomization.yaml"]
    objects = [one for path in files for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]

    assert all({"apiVersion", "kind", "metadata"} <= set(one) for one in objects)
    components = json.loads(aifactory("preview", lab, "--json").out)["stacks"][0]["components"]
    assert len(objects) == sum(len(component["objects"]) for component in components)


def test_what_is_gone_from_the_region_is_gone_from_the_tree(tree: Path, lab: Path, aifactory: Run) -> None:
    lab.write_text(lab.read_text(encoding="utf-8").replace("name: acme", "name: later"), encoding="utf-8")

    assert aifactory("render", lab, tree).code == 0

    assert not list(tree.rglob("*acme*"))
    assert list(tree.rglob("*later*"))


def test_a_folder_of_somebody_else_is_left_alone(lab: Path, tmp_path: Path, aifactory: Run) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")

    outcome = aifactory("render", lab, tmp_path / "mine")

    assert outcome.code == 2
    assert "the directory holds files that this command did not write. Name a new or empty directory." in outcome.err
    assert digests(tmp_path / "mine").keys() == {"thesis.txt"}


def test_a_file_is_no_folder(lab: Path, aifactory: Run) -> None:
    before = lab.read_bytes()

    assert aifactory("render", lab, lab).code == 2
    assert lab.read_bytes() == before


def test_the_working_directory_may_be_the_place(
    lab: Path, tmp_path: Path, aifactory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert aifactory("render", lab, ".").code == 0
    assert (tmp_path / "here" / "mine").is_dir()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("fails", ["yaml_text", "_swap"])
def test_an_interrupt_keeps_the_old_tree(
    fails: str, error: BaseException, tree: Path, lab: Path, aifactory: Run, mocker: MockerFixture
) -> None:
    before = digests(tree)
    mocker.patch.object(render, fails, side_effect=error)

    outcome = aifactory("render", lab, tree)

    assert outcome.code == (130 if isinstance(error, KeyboardInterrupt) else 3)
    assert digests(tree) == before
    assert [path.name for path in tree.parent.iterdir()] == ["tree"]


def test_a_tree_that_can_not_take_its_place_leaves_the_old_one(
    tree: Path, lab: Path, aifactory: Run, mocker: MockerFixture
) -> None:
    before, move = digests(tree), Path.replace

    def refuse_new(self: Path, target: Path) -> Path:
        if target == tree and not self.name.endswith(".old"):
            raise OSError(5, "Input/output error")
        return move(self, target)

    mocker.patch.object(Path, "replace", refuse_new)

    assert aifactory("render", lab, tree).code == 3
    assert digests(tree) == before
    assert [path.name for path in tree.parent.iterdir()] == ["tree"]
