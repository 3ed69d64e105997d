"""What every command that reaches clusters shares: a region opened, progress, log, interrupts, and its faults."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import click

from ..engine import consent, isolation
from ..engine.clusters import Session
from ..engine.declared import parts_of
from ..engine.direct.lifecycle import Lifecycle
from ..engine.interrupts import interruptible
from ..engine.options import Options
from ..engine.progress import Listener, display, silent, to_all
from ..engine.protocol import Engine
from ..engine.runlog import RunLog
from ..errors import RefusedError
from ..kube.stopping import Halt
from ..objects.region import stack_names
from ..plan import regions
from ..plan.model import RegionPlan


class RegionRun:
    """A command at work on a region: its plan, the stacks, the session with its clusters, and the engines."""

    def __init__(
        self, plan: RegionPlan, names: list[str], options: Options | None, listener: Listener, root: Path
    ) -> None:
        self.plan = plan
        self.names = names
        self.options = options or Options()
        self.listener = listener
        self.halt = Halt()
        self.root = root
        self.parts = parts_of(plan, names)
        self.session = Session(plan, self.root, self.halt)

    def direct(self) -> Lifecycle:
        """The direct engine, for what it alone tells: live fields beside a plan that it need not be able to apply."""
        return Lifecycle(session=self.session, parts=self.parts, options=self.options, listener=self.listener)

    def engine(self, name: str) -> Engine:
        """The engine of that name, `direct` or `pulumi`; for pulumi the guard of samples has been passed."""
        if name == "direct":
            return self.direct()
        from ..engine.automation.lifecycle import PulumiLifecycle

        self._guard()
        return PulumiLifecycle(
            plan=self.plan,
            root=regions.project_root(self.root),
            halt=self.halt,
            options=self.options,
            listener=self.listener,
        )

    def hand_over(self) -> None:
        """Let the Pulumi engine have what the direct one has."""
        count = self.engine("direct").release(self.names)
        click.echo(f"the direct engine let go of {count} objects", err=True)

    def refuse_unfit(self) -> None:
        """Look at API servers that tenants are to come to, those that can be reached by now.

        Pulumi tells nobody before it applies; the direct engine looks at each cluster itself once it is there.
        """
        items = {
            target: [item for name in self.names for item in self.parts.objects[name].get(target, ())]
            for target in self.parts.targets(self.names)
        }
        with_tenants = [target for target in items if isolation.tenants_of(items[target])]
        self.session.prepare(with_tenants)
        standing = [target for target in with_tenants if not self.session.is_gone(target)]
        isolation.refuse({target: self.session.cluster(target) for target in standing}, items)

    def _guard(self) -> None:
        """Connect to the clusters of a sample's region that can be reached now: that refuses what is no sandbox."""
        if self.plan.sample_inventory:
            targets = self.parts.targets(self.names)
            self.session.prepare(targets)
            for target in [management.name for management in self.plan.management if management.name in targets]:
                self.session.cluster(target)


@contextmanager
def run_on(
    name: str, stack: str | None, options: Options | None, *, quiet: bool, about: str | None
) -> Iterator[RegionRun]:
    """Open a region for a command, and while the block runs show progress, keep a log, and take interrupts.

    Programs that the region file names are run only if the user allowed them, now or before (`engine.consent`).

    Args:
        name: name or file of the region.
        stack: its only stack to work on; all if None.
        options: what the user allows.
        quiet: show no progress.
        about: first line of the run's log; no log if None.
    """
    plan, names = open_region(name, stack)
    root = regions.root_of(name)
    consent.require(plan, parts_of(plan, names).targets(names), root, _ask if sys.stdin.isatty() else None)
    shows: AbstractContextManager[Listener] = nullcontext(silent) if quiet else display()
    with shows as shown:
        if about is None:
            run = RegionRun(plan, names, options, shown, root)
            with interruptible(run.halt):
                yield run
            return
        with RunLog(plan.name, {"command": about, "stacks": names}) as log:
            run = RegionRun(plan, names, options, to_all(shown, log), root)
            with interruptible(run.halt):
                yield run


def _ask(question: str) -> bool:
    return click.confirm(question, err=True)


def open_region(name: str, stack: str | None) -> tuple[RegionPlan, list[str]]:
    """The plan of the region that a command names, and the stacks to work on."""
    loaded = regions.open_region(regions.region_file(name))
    if loaded.missing:
        items = ", ".join(dict.fromkeys(entry.item for entry in loaded.missing))
        region = loaded.region.region.name
        raise RefusedError(f"{region}: the lock file lacks {items}", f"run `aifactory allocate {name}` and commit it")
    plan = loaded.plan()
    names = stack_names(plan)
    if stack is not None and stack not in names:
        message = f"{plan.name} has no stack {stack}; it has {', '.join(names)}"
        raise click.BadParameter(message, param_hint="--stack")
    return plan, names if stack is None else [stack]
