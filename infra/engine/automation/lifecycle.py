"""The Pulumi engine: `pulumi up` and its kin by the Automation API, with the events in the display of all engines.

State lives where PULUMI_BACKEND_URL says, else in a folder of the user's; secrets are kept by the passphrase in
PULUMI_CONFIG_PASSPHRASE(_FILE), else by one that is made for the user once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from ...errors import NotReadyError, RefusedError
from ...files import state_home, write_private
from ...kube.stopping import Halt
from ...objects import region
from ...plan import stacks
from ...plan.model import RegionPlan
from ...spec import source
from ...spec.problems import InputError, Problem
from ..concurrency import side_by_side
from ..options import Options
from ..progress import Listener, silent
from ..protocol import Preview
from ..report import Difference, Health, Report
from .cli import environment
from .events import PulumiEvents

STACKS_AT_ONCE = 2
"""Programs that run side by side: each is a Python process of its own."""


@dataclass(kw_only=True)
class PulumiLifecycle:
    """What one command does to stacks of a region by Pulumi.

    Args:
        plan: the region.
        root: folder of Pulumi.yaml.
        options: what the user allows.
        halt: ends the command; the CLI itself gets the same interrupt.
        listener: told what happens.
    """

    plan: RegionPlan
    root: Path
    halt: Halt = field(default_factory=Halt)
    options: Options = field(default_factory=Options)
    listener: Listener = silent
    reports: list[Report] = field(default_factory=list)

    def up(self, names: Sequence[str]) -> list[Report]:
        """Update the stacks in order (FactoryError if one fails)."""
        return self._in_steps(names, self._up)

    def preview(self, names: Sequence[str]) -> Preview:
        """Say what an update would do, in counts."""
        return Preview(reports=self._in_steps(names, self._preview))

    def down(self, names: Sequence[str]) -> list[Report]:
        """Destroy the stacks' resources, in reverse order; protected ones only with `force_protected`."""
        return self._in_steps(names, self._down, backwards=True)

    def status(self, names: Sequence[str]) -> dict[str, list[Health]]:
        """Refused: Pulumi keeps what it registered, not how that is (RefusedError)."""
        raise _refusal("tells no health of objects", "use `aifactory status`, which reads it by the direct engine")

    def drift(self, names: Sequence[str]) -> dict[str, list[Difference]]:
        """Refused: Pulumi compares with its state, not with the clusters (RefusedError)."""
        raise _refusal("compares no live fields", "use `aifactory drift`, which compares by the direct engine")

    def release(self, names: Sequence[str]) -> int:
        """Refused: what Pulumi has is taken over from the other side (RefusedError)."""
        raise _refusal("lets go of nothing", "take its objects over by `aifactory up --engine direct --adopt`")

    def _in_steps(
        self, names: Sequence[str], act: Callable[[str, PulumiEvents], None], *, backwards: bool = False
    ) -> list[Report]:
        ordered = region.steps(self.plan, names)
        for step in reversed(ordered) if backwards else ordered:
            acts = [partial(self._run_stack, name, act) for name in (reversed(step) if backwards else step)]
            side_by_side(acts, STACKS_AT_ONCE)
        return self.reports

    def _run_stack(self, name: str, act: Callable[[str, PulumiEvents], None]) -> None:
        self.halt.check()
        report = Report(stack=name, target="")
        self.reports.append(report)
        events = PulumiEvents(report, self.listener)
        events.tell("begin", detail="by pulumi")
        try:
            act(name, events)
        except automation.ConcurrentUpdateError:
            raise RefusedError(*_locked(name)) from None
        except automation.CommandError as error:
            message = f"{name}: pulumi failed: {events.summary() or _last_line(error)}"
            events.tell("failed", detail=message)
            self.halt.check()
            raise NotReadyError(message, "mend it and run again: what was done is kept") from None
        finally:
            report.planned = len(report.results)
        events.tell("end", detail=str(report))

    def _up(self, name: str, events: PulumiEvents) -> None:
        stack = self._select(name)
        stack.up(
            on_event=events, config_file=self._config(name), color="never", suppress_outputs=True, show_secrets=False
        )

    def _preview(self, name: str, events: PulumiEvents) -> None:
        stack = self._select(name)
        stack.preview(on_event=events, config_file=self._config(name), color="never")

    def _down(self, name: str, events: PulumiEvents) -> None:
        stack = self._select(name)
        if self.options.force_protected:
            stack.workspace.pulumi_command.run(
                ["state", "unprotect", "--all", "--yes", "--stack", name],
                str(self.root),
                dict(stack.workspace.env_vars),
            )
        stack.destroy(on_event=events, config_file=self._config(name), color="never", show_secrets=False)

    def _select(self, name: str) -> automation.Stack:
        variables = environment()
        if name in self._rack_stacks():
            # The whole state is written for each of a thousand hosts otherwise. A killed run is made good by running
            # again with --adopt: hosts that are there already are taken over.
            variables["PULUMI_SKIP_CHECKPOINTS"] = "true"
        options = automation.LocalWorkspaceOptions(env_vars=variables)
        try:
            return automation.select_stack(stack_name=name, work_dir=str(self.root), opts=options)
        except automation.StackNotFoundError:
            self._init(name, variables)
            return automation.select_stack(stack_name=name, work_dir=str(self.root), opts=options)

    def _init(self, name: str, variables: dict[str, str]) -> None:
        """Make the stack, away from the project: `stack init` would rewrite the user's file in stacks/."""
        folder = self._settings_folder()
        name_of_project = self._read(self.root / "Pulumi.yaml").get("name")
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name_of_project, "runtime": "python"}))
        provider = self._settings(name).get("secretsprovider")
        extra = ["--secrets-provider", str(provider)] if provider else []
        automation.PulumiCommand().run(["stack", "init", name, "--no-select", *extra], str(folder), variables)

    def _settings_folder(self) -> Path:
        folder = state_home() / "pulumi" / "settings"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _settings(self, name: str) -> dict[str, Any]:
        """The stack's settings: those kept from earlier runs (its salt), under the user's own."""
        files = (self._settings_folder() / f"Pulumi.{name}.yaml", self.root / "stacks" / f"Pulumi.{name}.yaml")
        settings: dict[str, Any] = {}
        for file in files:
            settings |= self._read(file) if file.exists() else {}
        return settings

    def _read(self, file: Path) -> dict[str, Any]:
        """A file of Pulumi's, read as every reader of YAML does: numbers and dates are written again as they stood."""
        data = source.read_foreign(file, self.root if file.is_relative_to(self.root) else None)
        if data is None or isinstance(data, dict):
            return data or {}
        message, remedy = "keys and values are expected", "see Pulumi's documentation of the file"
        raise InputError([Problem(file=source.display_name(file), message=message, remedy=remedy)])

    def _rack_stacks(self) -> set[str]:
        home = stacks.region_stack(self.plan.spec)
        return {
            stacks.rack_group_stack(self.plan.spec, cluster.name, group)
            for cluster in self.plan.clusters
            for group in region.rack_groups(cluster)
        } - {home}

    def _config(self, name: str) -> str:
        """A file with the stack's configuration and this run's flags: the user's own stays as it is."""
        settings = self._settings(name)
        own = self.root / "stacks" / f"Pulumi.{name}.yaml"
        given = (self._read(own) if own.exists() else {}).get("config") or {}
        file = self._settings_folder() / f"Pulumi.{name}.yaml"
        write_private(file, yaml.safe_dump({**settings, "config": {**given, **self._flags()}}))
        return str(file)

    def _flags(self) -> dict[str, str]:
        flags = {"ai-factory:region": self.plan.name}
        if self.options.adopt:
            flags["ai-factory:adopt"] = "true"
        if not self.options.wait:
            flags["ai-factory:wait"] = "false"
        if self.plan.sample_inventory:
            # Whether its clusters are a sandbox has been checked; the program checks that they are on this machine.
            flags["ai-factory:sandbox"] = "true"
        return flags


def _refusal(what: str, remedy: str) -> RefusedError:
    return RefusedError(f"the Pulumi engine {what}", remedy)


def _locked(name: str) -> tuple[str, str]:
    where = os.environ.get("PULUMI_BACKEND_URL") or (state_home() / "pulumi" / "state").as_uri()
    message = f"{name}: another update holds the stack, or one that was killed left its lock"
    remedy = f"wait for it to end; if none runs: PULUMI_BACKEND_URL={where} pulumi cancel {name}"
    return message, remedy


def _last_line(error: automation.CommandError) -> str:
    faults = re.findall(r"error: (.+)", str(error))
    return str(faults[-1] if faults else str(error).strip().splitlines()[-1]).strip()
