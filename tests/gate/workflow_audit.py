"""Audits GitHub workflows with zizmor, offline: the repository's and those that `aifactory init` writes.

`make lint` runs it: exit code 0 where nothing is to be said, else that of zizmor.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ai_factory.infra.expand import project

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / ".github" / "workflows"
CONFIG = ROOT / ".github" / "zizmor.yml"


def write_templates(folder: Path) -> list[Path]:
    """The workflows of a new project, written below a folder as a project has them."""
    draft = project.draft(project.Request(folder=folder / "project", version="1.0.0"))
    workflows = {path: text for path, text in draft.files.items() if path.parent.name == "workflows"}
    for path, text in workflows.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(workflows)


def audit(paths: Iterable[Path], *options: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run zizmor over workflows; it asks nobody on the network, whatever tokens the environment holds."""
    program = Path(sysconfig.get_path("scripts")) / "zizmor"
    if not program.exists():
        raise SystemExit(f"{program} is missing: run `make setup`")
    strict = ("--offline", "--persona", "auditor", "--strict-collection", "--collect=all", "--config", str(CONFIG))
    command = [str(program), "--quiet", "--no-progress", *strict, *options, *map(str, paths)]
    return subprocess.run(command, check=False, text=True, capture_output=capture)


def main() -> int:
    """Audit all workflows, those of the templates from a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return audit([*sorted(OWN.iterdir()), *write_templates(Path(folder))]).returncode


if __name__ == "__main__":
    sys.exit(main())
