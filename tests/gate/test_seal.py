"""A cache that this user did not write is worth nothing, and one that a change could bring along is refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ai_factory.infra.gate import run
from ai_factory.infra.gate.cache import seal
from ai_factory.infra.gate.cache.computing import Computing
from ai_factory.infra.gate.cache.store import Store
from ai_factory.infra.gate.judge.verdict import Verdict
from ai_factory.infra.gate.sides import outside
from ai_factory.infra.spec.problems import InputError

from .project import Project

REGION = "kr-haein"
KEY = "ab" * 20


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A tenant's deletion, without a word."""
    loses = Project(tmp_path / "project", (REGION,))
    data = loses.data(REGION)
    del data["tenants"][2]
    loses.write(REGION, data)
    return loses


def forge(project: Project, cache: Path, key: bytes | None) -> None:
    """What the base was, stated by somebody: a region that protects nothing, under the very key of the base."""
    store = Store(cache, key)
    computing = Computing(store)
    project.git("stash", "--quiet")
    base = project.regions / f"{REGION}.yaml"
    forged = msgspec.structs.replace(computing.outline(base), protect=False)
    store.put_outline(computing.key(base), forged)
    project.git("stash", "pop", "--quiet")


def judged(project: Project, cache: Path | None) -> Verdict:
    return run.gate(run.Request(root=project.folder, base="HEAD", cache=cache))


def rules(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.all_findings()}


def test_a_forged_base_protects_as_the_base_did(project: Project, tmp_path: Path) -> None:
    forge(project, tmp_path / "restored", os.urandom(32))

    verdict = judged(project, tmp_path / "restored")

    assert (verdict.exit_code, "tenant-lost" in rules(verdict)) == (1, True)
    assert any("not of this user's making" in note for note in verdict.notes)


def test_what_this_user_wrote_is_believed(project: Project, tmp_path: Path) -> None:
    """Else the test above shows nothing."""
    forge(project, tmp_path / "own", None)

    assert "tenant-lost" not in rules(judged(project, tmp_path / "own"))


INSIDE: dict[str, Callable[[Project, Path], Path]] = {
    "in the checkout, ignored": lambda project, _: project.folder / ".cache" / "gate",
    "in git's own folder": lambda project, _: project.folder / ".git" / "gate",
    "by a link from elsewhere": lambda project, tmp: _linked(tmp / "link", project.folder / ".cache"),
    "by dots": lambda project, tmp: tmp / "elsewhere" / ".." / "project" / "gate",
    "tracked in another work tree": lambda _, tmp: _tracked(tmp / "other"),
}


def _linked(link: Path, target: Path) -> Path:
    link.symlink_to(target)
    return link / "gate"


def _tracked(folder: Path) -> Path:
    other = Project(folder)
    (other.folder / "gate").mkdir()
    (other.folder / "gate" / "entry").write_text("")
    other.commit("an entry")
    return other.folder / "gate"


@pytest.mark.parametrize("where", INSIDE)
def test_a_cache_that_a_change_can_write_is_refused(project: Project, tmp_path: Path, where: str) -> None:
    (project.folder / ".gitignore").write_text("/.cache/\n")

    with pytest.raises(InputError, match="lies where a change can write it"):
        judged(project, INSIDE[where](project, tmp_path))


def test_a_cache_beside_the_work_tree_is_taken(project: Project, tmp_path: Path) -> None:
    assert outside.is_outside(project.folder, tmp_path / "cache")
    shutil.copytree(project.folder, tmp_path / "copy")
    assert outside.is_outside(project.folder, tmp_path / "copy" / "untracked")


def test_an_entry_under_another_key_or_kind_is_not_what_was_sealed(tmp_path: Path) -> None:
    store = Store(tmp_path, b"k" * 32)
    store.mark(KEY)
    (entry,) = (path for path in tmp_path.rglob("*") if path.is_file())
    forged = entry.with_name(f"{KEY}.inventory")
    forged.write_bytes(entry.read_bytes().replace(b" good ", b" inventory ", 1))

    assert (store.marked(KEY), store._read(KEY, "inventory")) == (True, None)
    assert not Store(tmp_path, b"l" * 32).marked(KEY)


def test_the_key_is_kept_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "key_file", lambda: tmp_path / "state" / "gate-seal")
    file, key = seal.key_file(), seal.user_key()

    assert (len(key), file.stat().st_mode & 0o777, seal.user_key()) == (32, 0o600, key)
    for spoil in (lambda: file.chmod(0o644), lambda: file.write_bytes(b"short"), lambda: _relink(file)):
        spoil()
        made_anew = seal.user_key()
        assert made_anew != key and not file.is_symlink() and file.stat().st_mode & 0o777 == 0o600
        key = made_anew


def _relink(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def test_who_can_keep_no_key_has_one_for_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(seal, "key_file", lambda: tmp_path / "file" / "gate-seal")

    assert seal.user_key() == seal.user_key() and len(seal.user_key()) == 32
