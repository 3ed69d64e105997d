"""Git, asked in the project's folder: it speaks English, asks nobody, and is pointed elsewhere by no variable."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from ...errors import UnavailableError

DEFAULT_BASES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class GitError(UnavailableError):
    """The repository can't give what is asked for; the message says what is missing and what to do."""


class Git:
    """Git in one folder. `environment`: variables for all that is asked from then on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment: dict[str, str] = {}

    def line(self, *arguments: str) -> str:
        """What git prints, without the space around it."""
        return self.out(*arguments).decode(errors="replace").strip()

    def out(self, *arguments: str) -> bytes:
        """What git prints; GitError if it fails."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise GitError(f"git {arguments[0]} failed: {words(done.stderr)}")
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """A git command, run to its end; GitError if there is no git."""
        command = ["git", "-C", str(self.root), *arguments]
        try:
            return subprocess.run(command, capture_output=True, env=environment(self.environment), check=False)  # noqa: S603
        except FileNotFoundError:
            raise GitError("git is not on PATH: install it, or judge without a base (--no-base)") from None

    def commit(self, wanted: str | None) -> tuple[str, str]:
        """Name and id of a commit that is there: the one that is asked for, else the first of `DEFAULT_BASES`.

        Raises:
            GitError: there is none.
        """
        for name in [wanted] if wanted else DEFAULT_BASES:
            if name.startswith("-"):
                raise GitError(f"{name} is not the name of a commit")
            commit = self.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if commit.returncode == 0:
                return name, commit.stdout.decode().strip()
        if wanted:
            shallow = self.line("rev-parse", "--is-shallow-repository") == "true"
            also = "; the clone is shallow: fetch all of the history (fetch-depth: 0)" if shallow else ""
            raise GitError(f"there is no commit {wanted} in this clone: fetch it, or give another --base{also}")
        raise GitError(f"none of {', '.join(DEFAULT_BASES)} is there to compare with: give --base REF, or --no-base")

    def names(self, tree: str, *paths: str, deep: bool = False) -> list[str]:
        """Entries of a tree, as `git ls-tree` writes them, of the project's paths that are there, or all below them."""
        listed = self.out("ls-tree", "-z", *(["-r"] if deep else []), tree, "--", *paths).decode(
            "utf-8", "surrogateescape"
        )
        return [line for line in listed.split("\0") if line]

    def blobs(self, names: Sequence[str], most_bytes: int) -> Iterator[bytes]:
        """Contents as they are stored, one at a time: no attribute of the repository leaves one out or changes it.

        Args:
            names: ids of the contents.
            most_bytes: of what is larger, one byte more is given, which shows who reads it that it is.
        """
        command = ["git", "-C", str(self.root), "cat-file", "--batch"]
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{name}\n" for name in names).encode())
            wanted.seek(0)
            with subprocess.Popen(  # noqa: S603
                command, stdin=wanted, stdout=subprocess.PIPE, env=environment(self.environment)
            ) as process:
                for name in names:
                    yield _blob(process.stdout, name, most_bytes) if process.stdout is not None else b""


def _blob(stream: IO[bytes], name: str, most_bytes: int) -> bytes:
    """The next content of a batch; empty for one that is not there, such as a submodule's."""
    title = stream.readline().split()
    if len(title) != 3:
        if title[-1:] not in ([b"submodule"], [b"missing"]):
            raise GitError(f"git can't read {name[:12]}")
        return b""
    left = int(title[2])
    content = stream.read(min(left, most_bytes + 1))
    left += 1 - len(content)
    while left and (passed := stream.read(min(left, _PART))):
        left -= len(passed)
    return content


_PART = 1024 * 1024
_REDIRECTS = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
    | {"GIT_NAMESPACE", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE"}
)
"""What hooks set: it would point git at another tree than the one that is judged."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Git must speak English and ask nobody."""
    own = {name: value for name, value in os.environ.items() if name not in _REDIRECTS}
    return {**own, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **more}


def words(text: bytes) -> str:
    """What git said, in one line."""
    return " ".join(text.decode(errors="replace").split()) or "no reason given"
