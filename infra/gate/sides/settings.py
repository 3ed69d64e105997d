"""What the owners of a project demand of every change, in `stacks/gate.yaml`; that of the base holds."""

from __future__ import annotations

from pathlib import Path

from ...spec import source
from ...spec._base import Flag, Model
from ...spec.load import validate_as
from . import trees

FILE = Path("stacks") / "gate.yaml"


class Settings(Model):
    """Demands of a project."""

    decisions_on_base: Flag = False
    """Approvals and waivers count once they stand on the base: a loss takes two changes, each reviewed."""


def load(folder: Path) -> Settings:
    """The settings of a project folder; without the file nothing is demanded.

    Raises:
        InputError: every fault in the file.
    """
    path = folder / FILE
    return validate_as(Settings, source.read(path, folder)) if path.exists() else Settings()


def of_sides(sides: trees.Trees) -> tuple[Settings, list[str]]:
    """The settings that hold for a change, those of its base, and what a reader should know of them.

    With nothing to compare with there is no change to demand anything of.

    Raises:
        InputError: the file has faults on either side: those of the head would be the next base's.
    """
    head = load(sides.head.folder)
    if sides.base is None:
        return Settings(), []
    base = load(sides.base.folder)
    weaker = base.decisions_on_base and not head.decisions_on_base
    note = f"the change takes decisions_on_base out of {FILE.as_posix()}; for this change it still holds"
    return base, [note] if weaker else []
