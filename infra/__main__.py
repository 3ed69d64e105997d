"""The Pulumi program: plans the region of this stack, registers its components, exports what others need.

A project that has installed this package calls it: `from ai_factory.infra.__main__ import run; run()`.
"""

from __future__ import annotations

from pathlib import Path

import pulumi

from ai_factory.components import ClusterProviders, Region, RegionArgs, Registry
from ai_factory.infra.engine import samples
from ai_factory.infra.errors import FactoryError
from ai_factory.infra.kube import kubeconfig
from ai_factory.infra.objects.base import items_of
from ai_factory.infra.objects.region import blocks_of, stack_names
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.model import RegionPlan


def _project_root() -> Path:
    """Folder of Pulumi.yaml as the engine reports it; an older engine reports none, and runs this program in it."""
    reported = Path(pulumi.get_root_directory() or "")
    return reported if reported.is_absolute() else regions.project_root()


def load(root: Path, region: str, stack: str) -> RegionPlan:
    """The plan of the Pulumi stack's region (RunError if the stack can't be updated from it)."""
    loaded = regions.open_region(root / regions.region_file(region, root))
    plan = loaded.plan()
    if loaded.missing:
        items = ", ".join(dict.fromkeys(entry.item for entry in loaded.missing))
        raise pulumi.RunError(
            f"{region}: the lock file lacks {items}. Run `aifactory allocate {region}` and commit it."
        )
    if stack not in stack_names(plan):
        names = ", ".join(stack_names(plan))
        raise pulumi.RunError(f"region {plan.name} has no stack {stack}. It has: {names}.")
    return plan


def _refuse_sample(plan: RegionPlan, stack: str, sandbox: bool) -> None:
    """Stop an update that would apply made-up hosts to real clusters (RunError)."""
    targets = [item.target for item in items_of(blocks_of(plan, stack))]
    config = kubeconfig.read(kubeconfig.files_in_use())
    if faults := samples.sample_faults(plan, targets, config, sandbox=sandbox):
        raise pulumi.RunError("\n".join(faults))


def main() -> None:
    """The Pulumi program: declare this stack's part of its region."""
    config = pulumi.Config("ai-factory")
    stack, root = pulumi.get_stack(), _project_root()
    plan = load(root, config.get("region") or stack.partition(".")[0], stack)
    if not pulumi.runtime.is_dry_run():
        _refuse_sample(plan, stack, config.get_bool("sandbox") or False)
    registry = Registry()
    providers = ClusterProviders(plan, registry, root=root, adopt=config.get_bool("adopt") or False)
    wait = config.get_bool("wait") is not False
    region = Region(plan.name, RegionArgs(plan=plan, stack=stack, providers=providers, wait=wait, registry=registry))
    for key, value in region.summary.items():
        pulumi.export(key, value)


def run() -> None:
    """The whole program, for the `__main__.py` of a project: faults become lines without a traceback (RunError)."""
    try:
        main()
    except FactoryError as error:
        raise pulumi.RunError(str(error)) from None


if __name__ == "__main__":
    run()
