"""Runs a Pulumi program under mocks to its end, records what it registers, and refuses what the engine would refuse.

Pulumi's own mock monitor accepts duplicate URNs, programs that register nothing, resources without a provider
and secrets in clear text, and hides resource options. This one records every option and raises `RefusedError`.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_in_stack

from .faults import clear_text_secrets, faults
from .recording import UNKNOWN, Json, Recording, Resource, plain, read, registered

PROJECT = "ai-factory"
STACK = "test"
STACK_TYPE = "pulumi:pulumi:Stack"
TIMEOUT_SECONDS = 120
State = Callable[[Resource], Mapping[str, Json]]


class RefusedError(AssertionError):
    """The program did what the real engine, or good sense, would not let pass."""


def run(
    program: Callable[[], object],
    *,
    preview: bool = False,
    stack: str = STACK,
    project: str = PROJECT,
    config: Mapping[str, str] | None = None,
    root: Path | None = None,
    state: State = lambda resource: {},
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Recording:
    """Run a program to its end and return what it registered.

    Args:
        program: the Pulumi program; its result is ignored.
        preview: whether it is a preview: ids and states of new resources are unknown.
        config: configuration by full key, such as `ai-factory:wait`.
        root: project root as the engine would report it.
        state: what the provider adds to the inputs of a resource, or returns for a resource that is read.

    Raises:
        RefusedError: see the module.
        Exception: whatever the program raised.
    """

    def isolated() -> Recording:
        runtime_config.set_all_config(dict(config or {}), [])
        return _Run(state, preview).execute(program, project, stack, root, timeout_seconds)

    return contextvars.copy_context().run(isolated)


class _Run:
    """One program run: its own event loop, and one worker thread so that the order is exact."""

    def __init__(self, state: State, preview: bool) -> None:
        self.recording = Recording()
        self.monitor = _Monitor(self.recording, state, preview)
        self.preview = preview

    def execute(
        self, program: Callable[[], object], project: str, stack: str, root: Path | None, timeout_seconds: float
    ) -> Recording:
        loop = asyncio.new_event_loop()
        worker = ThreadPoolExecutor(max_workers=1)
        loop.set_default_executor(worker)
        asyncio.set_event_loop(loop)
        try:
            self._configure(project, stack, root)
            loop.run_until_complete(asyncio.wait_for(run_in_stack(lambda: _nothing(program)), timeout_seconds))
        except TimeoutError:
            raise RefusedError(f"the program did not come to its end within {timeout_seconds:g} s") from None
        finally:
            worker.submit(_close_loop).result()
            worker.shutdown()
            asyncio.set_event_loop(None)
            loop.close()
        self._check()
        return self.recording

    def _configure(self, project: str, stack: str, root: Path | None) -> None:
        settings.configure(
            mocks.MockSettings(
                monitor=self.monitor,
                engine=mocks.MockEngine(None),
                project=project,
                stack=stack,
                dry_run=self.preview,
                organization="organization",
                root_directory=str(root) if root else None,
                callbacks=None,
                # The default set is one for all contexts: what an earlier program left behind would hang this one.
                outputs=set(),
                package_refs={},
                base_providers_by_ref={},
            )
        )

    def _check(self) -> None:
        if self.monitor.refused:
            raise RefusedError("\n".join(self.monitor.refused))
        resources = self.recording.resources
        if not resources:
            raise RefusedError("the program registered no resource")
        silent = [r.name for r in resources if not r.custom and r.urn not in self.recording.outputs]
        if silent:
            raise RefusedError(f"components that never registered their outputs: {', '.join(silent)}")


def _nothing(program: Callable[[], object]) -> None:
    program()


def _close_loop() -> None:
    """Close the loop that the mock monitor makes in the worker thread, if it did."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_event_loop().close()


class _Mocks(mocks.Mocks):
    """Providers: a resource's state is its inputs and what the test adds."""

    def __init__(self, owner: _Monitor) -> None:
        self.owner = owner

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Json]]:
        resource = self.owner.current
        assert resource is not None
        added = dict(self.owner.state(resource))
        if not resource.custom:
            return "", {}
        if resource.read_id is not None:
            return str(resource.read_id), {} if resource.read_id is UNKNOWN else added
        return "" if self.owner.preview else object_id(resource), {**args.inputs, **added}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Json], None]:
        raise RefusedError(f"the program calls {args.token}, which needs a reachable cluster at preview")


def object_id(resource: Resource) -> str:
    """Id that the provider would give: `namespace/name` or `name` for Kubernetes objects."""
    metadata = resource.inputs.get("metadata")
    if not isinstance(metadata, dict):
        return f"{resource.name}-id"
    return "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)


class _Monitor(mocks.MockMonitor):
    """Records each request with its options and notes what must be refused."""

    def __init__(self, recording: Recording, state: State, preview: bool) -> None:
        super().__init__(_Mocks(self))
        self.recording = recording
        self.state = state
        self.preview = preview
        self.current: Resource | None = None
        self.refused: list[str] = []

    def RegisterResource(self, request: Any) -> Any:
        if request.type == STACK_TYPE:
            return super().RegisterResource(request)
        self._note(registered(request, self.make_urn(request.parent, request.type, request.name)))
        return super().RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:
        self._note(read(request, self.make_urn(request.parent, request.type, request.name)))
        return super().ReadResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = plain(request.outputs)
        if request.urn.split("::")[2] == STACK_TYPE:
            self.recording.exports.update(outputs)
        else:
            self.recording.outputs[request.urn] = outputs
        self.refused += [f"{request.urn}: {fault}" for fault in clear_text_secrets(outputs)]
        return super().RegisterResourceOutputs(request)

    def _note(self, resource: Resource) -> None:
        self.current = resource
        if resource.urn in self.resources:
            self.refused.append(f"Duplicate resource URN {resource.urn}; give it a unique name")
        self.refused += [f"{resource.urn}: {fault}" for fault in faults(resource)]
        self.recording.resources.append(resource)
