"""Files beside the region files: settings of stacks, the fleet's source, the project; and all that is only named.

They look at the few keys that decide where things are made, and by whom. Nothing is seen of what a program, pipeline or
image that these files name does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import rule
from ..beside import FileChange, FleetView
from ..rule import Breach
from . import _manifests

_SETTINGS = "https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/"
_ON = ("true", "yes", "on")
HIDDEN = "(encrypted)"
_JUDGED = frozenset({"adopt", "region", "sandbox", "wait"})
"""Settings of the program (`Pulumi.yaml`)."""
_ALL_STACKS = "Pulumi.yaml"
_FLEET = "stacks/fleet.yaml"
_PLACES_OF_STATE: dict[str, tuple[str, ...]] = {
    _ALL_STACKS: ("name", "backend", "stackConfigDir", "main", "runtime"),
    _FLEET: ("backend", "organization"),
}
"""Keys that decide where an engine looks for what it made."""


def _settings(data: Mapping[str, Any] | None) -> dict[str, str]:
    """Settings of the program in a stack's file, or their defaults in the project's, without the namespace."""
    config = (data or {}).get("config")
    pairs = config.items() if isinstance(config, dict) else ()
    return {key.rpartition(":")[2]: _plain(value) for key, value in pairs}


def _plain(value: Any) -> str:
    """A setting's value as text; `HIDDEN` for one that is encrypted, which nobody who judges can read."""
    if isinstance(value, dict):
        value = HIDDEN if "secure" in value else _plain(value.get("value", value.get("default", "")))
    return value if isinstance(value, str) else ""


def _is_on(settings: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on, or may be."""
    return settings.get(name, "").lower() in (*_ON, HIDDEN)


def _stack(change: FileChange) -> str | None:
    """Stack that a file has the settings of; empty for the project's file, None for any other."""
    name = change.path.rpartition("/")[2]
    if name == _ALL_STACKS:
        return ""
    is_stack = name.startswith("Pulumi.") and name.endswith((".yaml", ".yml"))
    return name.removeprefix("Pulumi.").rpartition(".")[0] if is_stack else None


def _region(stack: str, settings: Mapping[str, str]) -> str:
    """Region of a stack; its name up to the first dot if no setting names it; `HIDDEN` if one does by a cipher."""
    return settings.get("region") or stack.partition(".")[0]


@rule.fleet(
    id="stack-sandbox", area="stacks", severity="error", waivable=False,
    reason="what is said to be a sandbox takes made-up hosts, on real API servers that are reached by loopback too",
    remedy="leave sandbox out: it is for regions for trying things (protect: false)", source=_SETTINGS,
)  # fmt: skip
def stack_sandbox(view: FleetView) -> Iterator[Breach]:
    """Stacks of protected regions, or all stacks, that are said to be a sandbox.

    It can't see what `pulumi config set` does on a machine.
    """
    for change in view.files:
        stack, settings = _stack(change), _settings(change.new)
        if stack is None or not _is_on(settings, "sandbox"):
            continue
        region = _region(stack, settings)
        hit = sorted(view.protected) if stack == "" or region == HIDDEN else [region]
        if regions := [name for name in hit if name in view.protected]:
            message = f"a protected region is no sandbox: {change.path} says so of {_manifests.listed(regions)}"
            yield Breach(message=message, subject=change.path)


@rule.fleet(
    id="stack-adopts", area="stacks", severity="warning", waivable=False,
    reason="a stack that adopts takes over objects that somebody else made and keeps, and overwrites what they say",
    remedy="set it for the one run that needs it, with `pulumi config set`, and commit it never",
    source="docs/adr/0005-two-engines.md",
)  # fmt: skip
def stack_adopts(view: FleetView) -> Iterator[Breach]:
    """Stacks that take over objects which exist already."""
    for change in view.files:
        on = _is_on(_settings(change.new), "adopt")
        if _stack(change) is not None and on and not _is_on(_settings(change.old), "adopt"):
            yield Breach(message=f"a stack takes over nothing unasked: {change.path} sets adopt", subject=change.path)


@rule.fleet(
    id="stack-region", area="stacks", severity="error", waivable=False,
    reason="the stack then deletes all that it made for the region before, and makes the other one's objects",
    remedy="leave it, and make a stack of its own for the other region", source="docs/adr/0004-stacks.md",
)  # fmt: skip
def stack_region(view: FleetView) -> Iterator[Breach]:
    """Stacks that are handed to another region."""
    for change in view.files:
        stack = _stack(change)
        if stack and change.old is not None:
            was, now = (_region(stack, _settings(side)) for side in (change.old, change.new))
            if was != now:
                message = f"a stack keeps its region: {change.path} goes from {was} to {now}"
                yield Breach(message=message, subject=change.path)


@rule.fleet(
    id="state-moved", area="stacks", severity="warning", waivable=False,
    reason="an engine that finds no state makes every object anew, and refuses or overwrites those that are there",
    remedy="move the state first (`pulumi stack export`, `import`), then merge this",
    source="https://www.pulumi.com/docs/iac/concepts/state-and-backends/",
)  # fmt: skip
def state_moved(view: FleetView) -> Iterator[Breach]:
    """Projects and fleets whose name, backend, program or folder of settings changes.

    It can't see that the state was moved.
    """
    for change in view.files:
        keys = next((keys for end, keys in _PLACES_OF_STATE.items() if change.path.endswith(end)), ())
        if altered := [key for key in keys if change.old is not None and _differ(change, key)]:
            message = f"state stays where it is looked for: {', '.join(altered)} of {change.path} changes"
            yield Breach(message=message, subject=change.path)


@rule.fleet(
    id="fleet-source", area="stacks", severity="warning", waivable=False,
    reason="the operator runs what stands there, with the credentials of every region",
    remedy="have it reviewed by who answers for the fleet",
    source="https://github.com/pulumi/pulumi-kubernetes-operator (Stack: projectRepo, commit, workspaceTemplate)",
)  # fmt: skip
def fleet_source(view: FleetView) -> Iterator[Breach]:
    """Fleets that run another repository, commit or image, by other credentials or in another order.

    It can't see what stands in that repository or image.
    """
    for change in view.files:
        keys = ("source", "secrets", "workspace", "waves", "regions_at_once", "stacks_at_once")
        altered = [key for key in keys if _differ(change, key)] if change.path.endswith(_FLEET) else []
        if altered:
            message = f"a fleet runs what was reviewed for it: {', '.join(altered)} of {change.path} changes"
            yield Breach(message=message, subject=change.path)


def _differ(change: FileChange, key: str) -> bool:
    return (change.old or {}).get(key) != (change.new or {}).get(key)


@rule.fleet(
    id="files-unjudged", area="stacks", severity="warning", waivable=False,
    reason="pipelines, owners, requirements and programs decide what is judged and run: no plan shows what they do",
    remedy="have them reviewed by their owners (CODEOWNERS)", source="docs/adr/0008-gate.md",
)  # fmt: skip
def files_unjudged(view: FleetView) -> Iterator[Breach]:
    """Files beside the region files that a change touches, by name; rules look at a few keys of some of them only.

    Settings of a stack are not named where these rules look at all of them.
    """
    if names := [change.path for change in view.files if not _is_judged(change)]:
        yield Breach(message=f"changed, not judged: {_manifests.listed(names, 12)}", subject="fleet")


def _is_judged(change: FileChange) -> bool:
    """Whether a file has nothing but settings of a stack that rules look at, on both sides."""
    sides = [side for side in (change.old, change.new) if side is not None]
    plain = all(side.keys() <= {"config"} and _settings(side).keys() <= _JUDGED for side in sides)
    return bool(_stack(change)) and bool(sides) and plain
