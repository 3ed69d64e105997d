"""The two sides of a change: the base as committed, and the merge result. The repository itself is never changed.

What is judged is what would stand after the merge, so that two changes that are each good can't collide: where the
base went on since the branch was made, git merges both in memory, with objects written to a folder of their own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ...plan import regions
from ...spec import inventory
from ...spec.problems import InputError, Problem
from . import project, versions
from .git import Git, words
from .git import GitError as GitError

STACKS = "stacks"
READ = [STACKS, "Pulumi.yaml"]
"""Files of a project that are read, on either side."""


def is_settings(path: str) -> bool:
    """Whether a file is called as Pulumi calls those of a project and its stacks, in whatever folder."""
    name = path.rpartition("/")[2]
    return name.startswith("Pulumi.") and name.endswith((".yaml", ".yml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a change, as files."""

    folder: Path
    """Project folder: holds `stacks/`."""
    words: str
    """What it is, for readers."""
    tree: str = ""
    """Id of the commit, a colon and the project's folder in it; empty for what is no commit."""
    code: Path | None = None
    """Folder with this side's own copy of the package, where it differs from the one that runs."""
    absent: str = ""
    """Why this side's own code can't be had, where it differs from the one that runs; empty if it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Both sides."""

    base: Side | None
    head: Side
    prefix: str = ""
    """Path of the project in the repository, empty or with a slash at its end."""
    project_lost: bool = False
    """Whether the change takes away what makes the folder a project."""
    notes: tuple[str, ...] = field(default=())
    changed: tuple[str, ...] = ()
    """Paths in the repository of all files that differ."""


@contextmanager
def opened(root: Path, base: str | None) -> Iterator[Trees]:
    """Trees of both sides of a change as folders, while the block runs.

    Args:
        root: the project's folder, inside a git work tree.
        base: what to compare with, as git names it; the first of `git.DEFAULT_BASES` that exists if None.

    Raises:
        GitError: no repository, no such base, histories that can't be merged.
        InputError: the merge conflicts in files of the project.
    """
    with tempfile.TemporaryDirectory(prefix="aifactory-gate-") as name:
        yield _Opener(root, Path(name)).run(base)


def alone(root: Path) -> Trees:
    """The work tree as the only side, with nothing to compare it with (`--no-base`)."""
    return Trees(base=None, head=Side(folder=root, words="the work tree"))


def _inside(paths: Sequence[str], prefix: str) -> list[str]:
    """Paths in the project of files below it."""
    return [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]


def _read(changed: Sequence[str]) -> list[str]:
    """Files that are read, with settings of stacks that the change has elsewhere; by their path in the project."""
    elsewhere = [path for path in changed if is_settings(path) and path not in READ]
    return [*READ, *(path for path in elsewhere if not path.startswith(f"{STACKS}/"))]


class _Opener:
    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.scratch = scratch
        self.notes: list[str] = []
        self.git = Git(root)
        self.git_folder = self.common_folder = root

    def run(self, wanted: str | None) -> Trees:
        prefix = self._locate()
        for place in (STACKS, regions.REGIONS.as_posix()):
            if (self.root / place).is_symlink():
                raise GitError(f"{prefix}{place} is a link: the gate reads plain folders only")
        name, base = self.git.commit(wanted)
        ours = self._ours(prefix)
        as_it_stands = self.git.run("merge-base", "--is-ancestor", base, "HEAD").returncode == 0
        tree = ours if as_it_stands else self._merged(base, ours, prefix)
        changed = self._changed(base, tree)
        inside = _inside(changed, prefix)
        head = Side(folder=self.root, words="the work tree")
        if not as_it_stands:
            merged = self._extract(tree, "head", prefix, _read(inside))
            head = Side(folder=merged, words=f"the merge of the work tree into {name}")
        base_folder = self._extract(base, "base", prefix, _read(inside))
        code, absent = self._base_code(versions.absent(self.git, base, tree, ours, inside), base, prefix)
        words = f"{name} ({self.git.line('rev-parse', '--short', base)})"
        base_side = Side(folder=base_folder, words=words, tree=f"{base}:{prefix}", code=code, absent=absent)
        lost = f"{prefix}{regions.PROJECT}" in changed and project.is_lost(self.git, base, tree)
        notes = tuple(self.notes)
        shown = tuple(path.encode(errors="surrogateescape").decode(errors="replace") for path in changed)
        return Trees(base=base_side, head=head, prefix=prefix, project_lost=lost, notes=notes, changed=shown)

    def _changed(self, base: str, head: str) -> tuple[str, ...]:
        """Paths in the repository of files that differ between two trees."""
        listed = self.git.out("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, head)
        return tuple(name for name in listed.decode(errors="surrogateescape").split("\0") if name)

    def _locate(self) -> str:
        """Find the repository; returns the project's path in it, empty or with a slash at its end."""
        # One process for all: each takes some ms.
        done = self.git.run("rev-parse", "--show-prefix", "--absolute-git-dir", "--git-common-dir")
        if done.returncode != 0:
            why = words(done.stderr)
            raise GitError(
                f"{self.root} can't be compared with a base ({why}); --no-base judges the regions as they stand"
            )
        prefix, git_folder, common = done.stdout.decode(errors="surrogateescape").split("\n")[:3]
        self.git_folder = Path(git_folder)
        self.common_folder = (self.root / common).resolve()
        return prefix

    def _ours(self, prefix: str) -> str:
        """A commit of the work tree as it is: HEAD itself, or one made beside the repository for what is not
        committed."""
        every = ("--untracked-files=all", "--ignore-submodules=none")
        if not self.git.line("status", "--porcelain", *every, "--", "."):
            return self.git.line("rev-parse", "HEAD")
        objects = self.scratch / "objects"
        objects.mkdir()
        index = self.scratch / "index"
        if (self.git_folder / "index").exists():
            # With its time: git looks again at files that are as young as the index, and a younger copy hides changes.
            shutil.copy2(self.git_folder / "index", index)
        self.git.environment = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.common_folder / "objects"),
            **{f"GIT_{who}_{what}": "aifactory" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        self.git.out("add", "--all", "--", ".")
        tree = self.git.out("write-tree").decode().strip()
        return self.git.out("commit-tree", tree, "-p", "HEAD", "-m", "work tree").decode().strip()

    def _merged(self, base: str, ours: str, prefix: str) -> str:
        if not self.git.environment:
            self._scratch_objects()
        done = self.git.run("merge-tree", "--write-tree", "--name-only", "--no-messages", base, ours)
        if done.returncode not in (0, 1):
            raise GitError(f"the work tree can't be merged with the base: {words(done.stderr)}")
        tree, *conflicts = done.stdout.decode(errors="replace").split("\n")
        names = sorted({name for name in conflicts if name})
        inside = [name for name in names if name.startswith(f"{prefix}{STACKS}/")]
        if inside:
            remedy = "merge the base into your branch, or rebase it, and settle the conflict there"
            raise InputError([Problem(file=name, message="conflicts with the base", remedy=remedy) for name in inside])
        if names:
            self.notes.append(f"outside {STACKS}/ the merge conflicts in {', '.join(names[:5])}")
        return tree

    def _scratch_objects(self) -> None:
        (self.scratch / "objects").mkdir()
        self.git.environment = {
            "GIT_OBJECT_DIRECTORY": str(self.scratch / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.common_folder / "objects"),
        }

    def _extract(self, tree: str, name: str, prefix: str, wanted: list[str]) -> Path:
        folder = self.scratch / name
        folder.mkdir(exist_ok=True)
        entries = [line.partition("\t") for line in self.git.names(tree, *wanted, deep=True)]
        blobs = self.git.blobs([about.split()[2] for about, _, _ in entries], inventory.MAX_BYTES)
        for (about, _, path), blob in zip(entries, blobs, strict=True):
            mode, place = about.split()[0], folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if mode == "120000" and path.startswith("src/"):
                place.symlink_to(blob.decode())
            elif mode in ("120000", "160000") or not place.resolve().is_relative_to(folder.resolve()):
                raise GitError(
                    f"{prefix}{path} of {tree[:12]} is a link or a submodule: the gate reads plain files only"
                )
            else:
                place.write_bytes(blob)
        return folder

    def _base_code(self, absent: str | None, base: str, prefix: str) -> tuple[Path | None, str]:
        """The base's own copy of this package, where the change touches it; else why there is none to be had."""
        if absent is None or absent:
            return None, absent or ""
        return self._extract(base, "base", prefix, [*READ, *versions.CODE]), ""
