"""Runs a Pulumi program under mocks to its end, records what it registers, and refuses what the engine would refuse.

Pulumi's own mock monitor accepts duplicate URNs, programs that register nothing, resources without a provider
and secrets in clear text, and hides resource options. This one records every option and raises `RefusedError`.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.stack import run_in_stack

PROJECT = "ai-factory"
STACK = "test"
STACK_TYPE = "pulumi:pulumi:Stack"
TIMEOUT_SECONDS = 120
Json = Any
State = Callable[["Resource"], Mapping[str, Json]]


class RefusedError(AssertionError):
    """The program did what the real engine, or good sense, would not let pass."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that the program marked as secret."""

    value: Json = field(repr=False)


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
"""A value that is known only after the update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource as the program asked for it."""

    typ: str
    name: str
    urn: str
    parent: str
    """URN of the parent."""
    custom: bool
    inputs: dict[str, Json]
    """Plain JSON; `Secret` and `UNKNOWN` where the program said so, whole numbers as int."""
    dependencies: tuple[str, ...]
    """URNs of `depends_on` and of the outputs that the inputs use, sorted."""
    provider: str
    """URN of the provider, empty for components and providers."""
    providers: Mapping[str, str]
    protect: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: int = 0
    timeouts: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    plugin_download_url: str = ""
    frames: int = 0
    """Frames of the recorded stack trace."""
    read_id: str | _Unknown | None = None
    """Id of a resource that is read (`get`), None for one that is managed."""

    @property
    def identity(self) -> tuple[str, str]:
        """Type and name."""
        return self.typ, self.name


@dataclass(slots=True)
class Recording:
    """What a program registered, in order; those that wait for the same resource may change places."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Outputs by component URN."""
    exports: dict[str, Json] = field(default_factory=dict)
    """Outputs of the stack."""

    def of(self, typ: str) -> list[Resource]:
        """All resources of a type."""
        return [resource for resource in self.resources if resource.typ == typ]

    def one(self, typ: str | None = None, name: str | None = None) -> Resource:
        """The one resource of that type and name (AssertionError if there is none or more)."""
        found = [r for r in self.resources if typ in (None, r.typ) and name in (None, r.name)]
        assert len(found) == 1, f"{len(found)} resources of type {typ} and name {name}: {[r.identity for r in found]}"
        return found[0]

    def children(self, parent: Resource) -> list[Resource]:
        """Resources whose parent is that one, in order."""
        return [resource for resource in self.resources if resource.parent == parent.urn]

    def below(self, parent: Resource) -> Iterator[Resource]:
        """All descendants of a resource."""
        for child in self.children(parent):
            yield child
            yield from self.below(child)

    def by_urn(self) -> dict[str, Resource]:
        """Resources by URN: for comparing runs, since the order among those that wait for others is not fixed."""
        return {resource.urn: resource for resource in sorted(self.resources, key=lambda r: r.urn)}

    def named(self, urn: str) -> Resource:
        """The resource of that URN."""
        return next(resource for resource in self.resources if resource.urn == urn)


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
        self._note(_registered(request, self.make_urn(request.parent, request.type, request.name)))
        return super().RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:
        self._note(_read(request, self.make_urn(request.parent, request.type, request.name)))
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


def _registered(request: Any, urn: str) -> Resource:
    timeouts = {k: getattr(request.customTimeouts, k) for k in ("create", "update", "delete")}
    return Resource(
        typ=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent,
        custom=request.custom,
        inputs=plain(request.object),
        dependencies=tuple(sorted(request.dependencies)),
        provider=request.provider.rpartition("::")[0],
        providers={key: ref.rpartition("::")[0] for key, ref in request.providers.items()},
        protect=request.protect,
        delete_before_replace=request.deleteBeforeReplace,
        ignore_changes=tuple(request.ignoreChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=len(request.aliases),
        timeouts={key: value for key, value in timeouts.items() if value},
        version=request.version,
        plugin_download_url=request.pluginDownloadURL,
        frames=len(request.stackTrace.frames),
    )


def _read(request: Any, urn: str) -> Resource:
    return Resource(
        typ=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent,
        custom=True,
        inputs=plain(request.properties),
        dependencies=tuple(sorted(request.dependencies)),
        provider=request.provider.rpartition("::")[0],
        providers={},
        protect=False,
        delete_before_replace=False,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        version=request.version,
        plugin_download_url=request.pluginDownloadURL,
        read_id=_plain(request.id),
    )


def plain(struct: struct_pb2.Struct) -> dict[str, Json]:
    """A request's properties as plain JSON."""
    value = _plain(json_format.MessageToDict(struct))
    assert isinstance(value, dict)
    return value


def _plain(value: Json) -> Json:
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return Secret(_plain(value["value"]))
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == rpc.UNKNOWN else value


def faults(resource: Resource) -> Iterator[str]:
    """What the engine or a reviewer would refuse about one resource."""
    kubernetes = resource.typ.startswith("kubernetes:")
    if kubernetes and not resource.provider:
        yield "has no provider of its own, and default providers are off"
    if resource.typ == "kubernetes:core/v1:Secret" and resource.read_id is None:
        for key in ("data", "stringData"):
            if resource.inputs.get(key) and not isinstance(resource.inputs[key], Secret):
                yield f"{key} of a Secret is not marked as secret"
    yield from clear_text_secrets(resource.inputs)


_SECRET_TEXT = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|client-key-data: *[A-Za-z0-9+/=]{20,}"),
    "a token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+|\btoken['\"]?: *['\"]?[\w.+/=-]{12,}"),
    "a bootstrap token": re.compile(r"^[a-z0-9]{6}\.[a-z0-9]{16}$"),
    "a password": re.compile(r"\b(password|passwd)['\"]? *[:=] *['\"]?[^\s'\"{}$<]{6,}", re.IGNORECASE),
    "an access key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a password in a URL": re.compile(r"://[^/\s:@]+:[^/\s:@]+@"),
}
_SECRET_KEYS = re.compile(
    r"^(password|passwd|token|client-?key-?data|private-?key|secret_key|secret-?access-?key)$", re.IGNORECASE
)


def clear_text_secrets(value: Json, path: str = "") -> Iterator[str]:
    """Strings that look like a credential and are not marked as secret."""
    if isinstance(value, dict):
        for key, inner in value.items():
            where = f"{path}.{key}" if path else key
            if _SECRET_KEYS.match(key) and isinstance(inner, str) and inner:
                yield f"{where} holds a credential in clear text"
            yield from clear_text_secrets(inner, where)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from clear_text_secrets(inner, f"{path}[{number}]")
    elif isinstance(value, str):
        yield from (f"{path} holds {what} in clear text" for what, form in _SECRET_TEXT.items() if form.search(value))
