"""A fleet as files: `00-fleet.yaml`, `<wave>-<region>.yaml` and `_order.txt`.

`kubectl apply -f DIR` goes by file name and then by place in the file, so what comes first is applied first: when a
stack gets a new commit, its prerequisites have it already and count as not yet run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..objects.base import Manifest
from ..text.yaml import yaml_text
from . import objects
from .order import RegionOrder, WaveOrder
from .settings import Fleet

MARKER = ".ai-factory-fleet"

_APPROVALS = {
    "not needed": "needs no approval",
    "approved": "approved",
    "awaited": "previewed only, approval awaited",
    "behind": "previewed only, behind a wave that awaits approval",
}


def files(waves: Sequence[WaveOrder], fleet: Fleet, only: Sequence[str] = ()) -> dict[str, str]:
    """A fleet's files, text by name: one with the `Stack` objects of each region, and the order.

    Args:
        waves: the whole order.
        fleet: the settings.
        only: regions to write; all if empty. Prerequisites are those of the whole fleet.
    """
    texts = {"00-fleet.yaml": _comment(_head(fleet)) + _documents(objects.identity_objects(fleet))}
    for wave in waves:
        for region in wave.regions:
            if not only or region.name in only:
                text = _documents(objects.region_objects(wave, region, fleet))
                texts[f"{wave.number:02}-{region.name}.yaml"] = _comment(_region_head(wave, region, fleet)) + text
    texts["_order.txt"] = "".join(f"{line}\n" for line in (*summary(waves, fleet), "", *_stacks(waves)))
    return texts


def summary(waves: Sequence[WaveOrder], fleet: Fleet) -> Iterator[str]:
    """The fleet's order in words: waves, their regions, how many stacks in how many steps, and after what."""
    count = sum(len(region.stacks) for wave in waves for region in wave.regions)
    regions = sum(len(wave.regions) for wave in waves)
    yield (
        f"{_number(count, 'stack')} of {_number(regions, 'region')}; at once: "
        f"{_number(fleet.regions_at_once, 'region')} of a wave, {_number(fleet.stacks_at_once, 'stack')} of a region"
    )
    for wave in waves:
        yield f"wave {wave.number}, {wave.name}: {_APPROVALS[wave.approval]}"
        for region in wave.regions:
            sizes = " + ".join(str(len(step)) for step in region.steps)
            steps = _number(len(region.steps), "step")
            yield f"  {region.name}: {_number(len(region.stacks), 'stack')} in {steps} ({sizes}){_after(region, fleet)}"


def _after(region: RegionOrder, fleet: Fleet) -> str:
    within = f", which succeeded within {fleet.succeeded_within_hours} h" if region.gated else ""
    return f", after {', '.join(region.after)}{within}" if region.after else ""


def _stacks(waves: Sequence[WaveOrder]) -> Iterator[str]:
    for wave in waves:
        for region in wave.regions:
            for stack in region.stacks:
                yield f"{stack.name}: after {', '.join(stack.after)}" if stack.after else f"{stack.name}: first"


def _head(fleet: Fleet) -> Iterator[str]:
    yield "Written by `aifactory fleet`. `kubectl apply --server-side -f DIR` keeps the order of files and objects."
    yield "The owner of the fleet makes, once:"
    yield f"- Namespace {fleet.namespace}"
    for name, keys in objects.secrets_needed(fleet).items():
        yield f"- Secret {fleet.namespace}/{name} with {', '.join(keys)}"
    yield f"- Secret {fleet.namespace}/{fleet.kubeconfig_secrets}-<region> for each region: named in the region's file"
    yield "- the Pulumi Kubernetes Operator, version 2 (written for 2.9.0), with these values of its chart:"
    yield "    extraEnv:"
    at_once = fleet.regions_at_once * fleet.stacks_at_once
    yield f'    - {{name: MAX_CONCURRENT_RECONCILES, value: "{at_once}"}}  # updates at once; 25 if left out'


def _region_head(wave: WaveOrder, region: RegionOrder, fleet: Fleet) -> Iterator[str]:
    yield f"{region.name}: wave {wave.number}, {wave.name}: {_APPROVALS[wave.approval]}"
    reached = [
        *(management.spec.access for management in region.plan.management),
        *(cluster.access for cluster in region.plan.clusters),
    ]
    contexts = sorted({access.context for access in reached if access.context})
    secret = objects.kubeconfig_secret(fleet, region.name)
    yield f"The owner makes Secret {fleet.namespace}/{secret} with {objects.KUBECONFIG_KEY}: a kubeconfig with"
    yield f"the contexts {', '.join(contexts)}" if contexts else "whatever the region file's access commands need"


def _comment(lines: Iterator[str]) -> str:
    return "".join(f"# {line}\n" for line in lines)


def _documents(manifests: Sequence[Manifest]) -> str:
    return "---\n" + "---\n".join(yaml_text(manifest) for manifest in manifests)


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
