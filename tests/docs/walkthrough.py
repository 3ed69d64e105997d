"""Makes docs/pull-requests.md from what the commands really print: `make docs` writes it, a test holds it current."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.gate.project import WHO, Project
from tests.regionfile import REPOSITORY

PAGE = REPOSITORY / "docs" / "pull-requests.md"
DAY = "2027-03-01"
WIDTH = 110
_FIXED = {**WHO, "GIT_AUTHOR_DATE": f"{DAY}T09:00:00Z", "GIT_COMMITTER_DATE": f"{DAY}T09:00:00Z"}
ULSAN = "kr-ulsan"


class Walk:
    """A project whose pull requests are walked through."""

    def __init__(self, folder: Path) -> None:
        os.environ.update(_FIXED)
        self.project = Project(folder, (ULSAN, "kr-haein"))

    def pull_request(self, name: str) -> None:
        """Begin a branch from main."""
        self.project.git("checkout", "--quiet", "--force", "main")
        self.project.git("clean", "--quiet", "--force", "-d")
        self.project.branch(name)

    def edit(self, old: str, new: str) -> str:
        """Change a line of the region file; returns the change as a patch."""
        self.project.replace(ULSAN, old, new)
        return self.patch()

    def patch(self) -> str:
        """What the branch changes in region files, without git's own lines."""
        lines = self.project.git("diff", "-U0", "main", "--", "stacks/regions/*[a-z].yaml").splitlines()
        kept = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        return fenced("diff", "\n".join(kept))

    def say(self, *arguments: str) -> str:
        """A command and what it prints."""
        command = Path(sys.executable).with_name("aifactory")
        environment = {**os.environ, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
        done = subprocess.run(
            [str(command), *arguments, *(["--no-cache", "--date", DAY] if arguments[0] == "gate" else [])],
            cwd=self.project.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        printed = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())
        return fenced("console", f"$ aifactory {' '.join(arguments)}\n{printed}\n$ echo $?\n{done.returncode}")


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"


def page() -> str:
    """The whole page."""
    with tempfile.TemporaryDirectory() as folder:
        return "\n\n".join(_parts(Walk(Path(folder) / "ai-cloud"))) + "\n"


def _parts(walk: Walk) -> Iterator[str]:
    yield f"""# Four pull requests

Made by `make docs` from what the commands print, for a project with the regions kr-ulsan and kr-haein, as of {DAY}. The
gate needs no cluster and no credentials: the same command runs on a laptop and in CI (`.github/workflows`,
`.gitlab-ci.yml`)."""

    walk.pull_request("more-for-acme")
    yield "## A good change\n\nTenant acme gets 64 GPUs more."
    yield walk.edit("name: acme, isolation: shared, gpus: 128", "name: acme, isolation: shared, gpus: 192")
    yield walk.say("gate")

    walk.pull_request("smaller-and-abroad")
    yield """## A change that three rules refuse

Someone gives back two racks of train-a, and in the same change lets the region's data go to Japan too."""
    walk.edit("racks: 64, max_racks: 128", "racks: 62, max_racks: 128")
    yield walk.edit("residency: [KR]", "residency: [KR, JP]")
    yield walk.say("gate")

    walk.pull_request("acme-leaves")
    yield """## A deletion that is approved

Tenant acme leaves. Its enclave is protected, so the region file says who let it go, why, and until when."""
    acme = "  - {name: acme, isolation: shared, gpus: 128, cluster: infer-a, services: [agentic-inference]}\n"
    walk.project.replace(ULSAN, acme, "")
    yield "Without an approval:"
    yield walk.say("gate", "-q")
    approval = (
        "approvals:\n"
        "  - {action: delete, subject: tenant/acme, by: CHG-4711, reason: contract ended, until: 2027-03-15}\n"
    )
    path = walk.project.regions / f"{ULSAN}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + approval, encoding="utf-8")
    yield "With one:"
    yield walk.patch()
    yield walk.say("gate")
    yield """The numbers of acme stay taken until `aifactory allocate kr-ulsan --release tenant/acme` gives them free in
a later change, so that nothing that is still routed by them is given to someone else in the same moment."""

    walk.pull_request("osaka")
    yield "## A new region"
    yield walk.say("expand", ULSAN, "--to", "jp-osaka", "--country", "JP", "--power-mw", "60")
    yield walk.say("gate")
    yield walk.say("regions")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
