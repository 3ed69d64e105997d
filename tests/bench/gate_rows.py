"""The gate on made-up regions of 10 MW to ten gigawatts: whole processes, as a developer and CI run them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gate.project import Project

from . import gigawatt, process
from .row import Goal, Row, Rows, Taken, scratch

RACKS_PER_MW = 5.5
TENANTS_PER_MW = 2
LINE = "gpus: 72\n"
"""Stands once for each tenant."""
WARM_RUNS = 3
VERDICTS = (0, 1)
"""Good, or refused by some rule: either is a whole run."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A git project with made-up regions."""

    project: Project
    names: tuple[str, ...]

    def change_line(self, name: str, tenant: int) -> None:
        """Give one tenant other GPUs than the base does, and all others the same: one line."""
        path = self.project.regions / f"{name}.yaml"
        parts = path.read_text(encoding="utf-8").replace("gpus: 144\n", LINE).split(LINE)
        path.write_text(LINE.join(parts[:tenant]) + "gpus: 144\n" + LINE.join(parts[tenant:]), encoding="utf-8")

    def gate(self, *options: str | Path) -> tuple[Taken, str]:
        command = [process.AIFACTORY, "gate", "--base", "main", *options]
        return process.run(command, self.project.folder, codes=VERDICTS)


@contextmanager
def scene(megawatts: int, regions: int = 1, *, new: bool = False) -> Iterator[Scene]:
    """A project on a branch. Its regions are on the base as well, unless they are new."""
    with scratch() as folder:
        project = Project(folder / "project", ())
        names = tuple(f"made-up-{number}" for number in range(regions))
        if new:
            project.branch("change")
        for number, name in enumerate(names):
            gigawatt.write(project.regions, round(megawatts * RACKS_PER_MW), megawatts * TENANTS_PER_MW, number)
            subprocess.run(
                [process.AIFACTORY, "allocate", name], cwd=project.folder, check=True, stdout=subprocess.DEVNULL
            )
        project.commit("regions")
        if not new:
            project.branch("change")
        yield Scene(project, names)


def cold(megawatts: int) -> Callable[[], Taken]:
    """One line changed, nothing cached: what fresh CI sees."""

    def run() -> Taken:
        with scene(megawatts) as made:
            made.change_line(made.names[0], 1)
            taken, out = made.gate("--no-cache")
        _expect("2 to update", out)
        return taken

    return run


def warm(megawatts: int) -> Callable[[], Taken]:
    """One line changed after another line was judged: best of a few."""

    def run() -> Taken:
        with scene(megawatts) as made, scratch() as cache:
            found = []
            for tenant in range(1, WARM_RUNS + 2):
                made.change_line(made.names[0], tenant)
                taken, out = made.gate("--cache", cache)
                _expect("2 to update", out)
                found.append(taken)
        return min(found[1:], key=lambda one: one.seconds)

    return run


def new(megawatts: int, regions: int = 1) -> Callable[[], Taken]:
    """Regions that the base lacks: everything is created."""

    def run() -> Taken:
        with scene(megawatts, regions, new=True) as made:
            taken, out = made.gate("--no-cache")
        _expect("to create", out, regions)
        return taken

    return run


def touched(megawatts: int, regions: int) -> Callable[[], Taken]:
    """Each region's image differs, and with it objects of every shard: both sides are planned whole."""

    def run() -> Taken:
        with scene(megawatts, regions) as made:
            for name in made.names:
                made.project.replace(name, "gpu.qcow2", "gpu-2.qcow2")
            taken, out = made.gate("--no-cache")
        _expect("(changed): ", out, regions)
        assert "no object changes" not in out
        return taken

    return run


def _expect(words: str, out: str, times: int = 1) -> None:
    """A verdict on something else would take other time."""
    if out.count(words) < times:
        raise RuntimeError(f"{words!r} is not {times} times in what the gate printed:\n{out[:3000]}")


_NEW = Goal(seconds=60, megabytes=2000)


def _growth(kind: str, run: Callable[[int], Callable[[], Taken]], what: str) -> Rows:
    """Rows for 10 and 100 MW; time for a megawatt is to fall, or stay, up to the gigawatt."""
    return {
        f"gate-{kind}-{megawatts}mw": Row(
            f"{what}, {round(megawatts * RACKS_PER_MW):,} racks", run(megawatts), repeat=1, per=(megawatts, "MW")
        )
        for megawatts in (10, 100)
    }


GATE: Rows = {
    **_growth("warm", warm, "`aifactory gate`, one line changed, cache warm"),
    "gate-warm-1gw": Row(
        "the same, 5,500 racks, 99,000 hosts, 2,000 tenants",
        warm(1000), goal=Goal(seconds=1, megabytes=2000), repeat=1, per=(1000, "MW"),
    ),
    **_growth("cold", cold, "one line changed, no cache"),
    "gate-cold-1gw": Row(
        "the same, 5,500 racks",
        cold(1000), goal=Goal(seconds=8, megabytes=2000), repeat=1, per=(1000, "MW"),
    ),
    "gate-new-1gw": Row("a new region, 5,500 racks", new(1000), goal=_NEW, repeat=1, per=(1000, "MW")),
}  # fmt: skip

FLEET: Rows = {
    "fleet-new-10gw": Row(
        "`aifactory gate`: ten new regions of 1 GW", new(1000, 10), repeat=1, slow=True, per=(10_000, "MW")
    ),
    "fleet-touched-10gw": Row(
        "ten regions of 1 GW, objects of every shard change", touched(1000, 10), repeat=1, slow=True, per=(10_000, "MW")
    ),
}
