"""The regions of a fleet, judged all at once: those that may be applied, and the samples that are left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import RefusedError
from ..gate.judge.standing import Verdict, judge
from ..plan import regions
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What a command for all regions works on."""

    plans: tuple[RegionPlan, ...]
    """By name of the region."""
    samples: tuple[str, ...]
    """Regions that are left out because their inventory is a sample."""

    @property
    def names(self) -> list[str]:
        """Names of the regions."""
        return [plan.name for plan in self.plans]

    def notices(self) -> list[str]:
        """What is left out, and why."""
        why = "left out: the inventory is a sample, which goes to a sandbox only (--include-samples)"
        return [f"{name}: {why}" for name in self.samples]


def members(*, include_samples: bool) -> Members:
    """Every region that has a file and is fit to be applied, and the samples that are left out.

    Raises:
        InputError: regions are bad input, every fault of all of them; or there is none.
        RefusedError: regions are not to be applied, such as for an incomplete lock, or none is left.
    """
    verdicts = [judge(name) for name in regions.every_region()]
    faults = [*(problem for verdict in verdicts for problem in verdict.bad), *_misnamed(verdicts)]
    samples = [
        verdict.name for verdict in verdicts if verdict.plan and verdict.plan.sample_inventory and not include_samples
    ]
    chosen = [verdict for verdict in verdicts if verdict.name not in samples]
    refused = [f"{verdict.name}: {line}" for verdict in chosen for line in verdict.refused]
    if faults:
        raise InputError(faults)
    if refused:
        raise RefusedError.of(refused)
    if not chosen:
        message = f"every region has a sample inventory ({', '.join(samples)})"
        raise RefusedError(message, "name a file of real hosts in `inventory`; in a sandbox add --include-samples")
    plans = tuple(verdict.plan for verdict in chosen if verdict.plan is not None)
    return Members(plans=plans, samples=tuple(samples))


def _misnamed(verdicts: Iterable[Verdict]) -> list[Problem]:
    """A stack's program finds the region's file by the region's name."""
    names = zip(regions.known_regions(), verdicts, strict=True)
    return [
        Problem(
            file=str(regions.REGIONS / f"{name}.yaml"),
            path="region.name",
            message=f"the region {verdict.name} has to be in a file of that name",
            remedy=f"rename the file and its lock to {verdict.name}",
        )
        for name, verdict in names
        if verdict.plan is not None and verdict.name != name
    ]
