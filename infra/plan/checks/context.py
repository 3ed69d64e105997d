"""What a check of the region file may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ... import spec
from ...catalog import Catalog
from ...spec.problems import Problem
from ...spec.source import Document, Path_


@dataclass(frozen=True, slots=True)
class Context:
    """A region, the catalogue, and the document that knows the lines."""

    region: spec.Region
    catalog: Catalog
    document: Document

    def problem(self, path: Path_, message: str, remedy: str, rule: str = "") -> Problem:
        """A fault at a path of the region file, and the gate's rule that it breaks."""
        return self.document.problem(path, message, remedy=remedy, rule=rule)


Check = Callable[[Context], Iterator[Problem]]
