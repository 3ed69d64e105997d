"""A git repository with regions in it, for tests of the gate."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests import regionfile

WHO = {f"GIT_{role}_{what}": "somebody" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Project:
    """A project folder below version control."""

    def __init__(self, folder: Path, names: Iterable[str] = ("lab",), *, inside: str = "") -> None:
        self.repository = folder
        self.folder = folder / inside
        self.regions = self.folder / "stacks" / "regions"
        self.regions.mkdir(parents=True)
        (self.folder / "Pulumi.yaml").write_text("name: ai-factory\nruntime: python\n", encoding="utf-8")
        for name in names:
            for suffix in (".yaml", ".lock.yaml"):
                shutil.copy(regionfile.REGIONS / f"{name}{suffix}", self.regions)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("begin")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.repository), *arguments],
            capture_output=True, text=True, check=True, env={**os.environ, **WHO},
        )  # fmt: skip
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)

    def branch(self, name: str) -> None:
        self.git("checkout", "--quiet", "-b", name)

    def checkout(self, name: str) -> None:
        self.git("checkout", "--quiet", name)

    def data(self, region: str) -> dict[str, Any]:
        text = (self.regions / f"{region}.yaml").read_text(encoding="utf-8")
        found: dict[str, Any] = yaml.safe_load(text)
        return found

    def write(self, region: str, data: Mapping[str, Any]) -> None:
        (self.regions / f"{region}.yaml").write_text(regionfile.dump(data), encoding="utf-8")

    def replace(self, region: str, old: str, new: str) -> None:
        path = self.regions / f"{region}.yaml"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")

    def state(self) -> str:
        """All that git knows, to show that nothing was changed."""
        objects = sorted(str(path) for path in (self.repository / ".git" / "objects").rglob("*"))
        return "\n".join([self.git("status", "--porcelain"), self.git("show-ref", "--head"), *objects])
