"""What a program registered: each resource with every option that it set, and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Json = Any

OWN_FIELDS = frozenset({"type", "name", "custom", "object", "properties", "id", "parent", "provider", "providers"})
"""Fields of a request that `Resource` has under names of their own; and `dependencies`, see there."""
PROTOCOL_FIELDS = frozenset(
    {
        "acceptResources",
        "acceptSecrets",
        "accepts_byte_string",
        "aliasSpecs",
        "parentStackTraceHandle",
        "propertyDependencies",
        "snippetId",
        "sourcePosition",
        "stackTrace",
        "supportsPartialValues",
        "supportsResultReporting",
    }
)
"""Fields that the SDK sets by itself: what it understands, and where the call stands. All others are options."""


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
    options: Mapping[str, Json]
    """Every other option that was set, by its field of the engine's request, such as `retainOnDelete`."""
    frames: int = 0
    """Frames of the recorded stack trace."""
    read_id: str | _Unknown | None = None
    """Id of a resource that is read (`get`), None for one that is managed."""

    @property
    def identity(self) -> tuple[str, str]:
        """Type and name."""
        return self.typ, self.name

    @property
    def protect(self) -> bool:
        """Whether the engine refuses to delete it."""
        return bool(self.options.get("protect"))

    @property
    def delete_before_replace(self) -> bool:
        """Whether a replacement deletes it first."""
        return bool(self.options.get("deleteBeforeReplace"))

    @property
    def ignore_changes(self) -> tuple[str, ...]:
        """Properties whose changes are left alone."""
        return tuple(self.options.get("ignoreChanges", ()))

    @property
    def timeouts(self) -> Mapping[str, str]:
        """Custom timeouts by operation."""
        return dict(self.options.get("customTimeouts", {}))


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
        fitting = [r for r in self.resources if typ in (None, r.typ) and name in (None, r.name)]
        assert len(fitting) == 1, (
            f"{len(fitting)} resources of type {typ} and name {name}: {[r.identity for r in fitting]}"
        )
        return fitting[0]

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


def registered(request: Any, urn: str) -> Resource:
    """A resource of a `RegisterResource` request."""
    return Resource(
        custom=request.custom,
        inputs=plain(request.object),
        providers={key: _urn(ref) for key, ref in request.providers.items()},
        frames=len(request.stackTrace.frames),
        **_common(request, urn),
    )


def read(request: Any, urn: str) -> Resource:
    """A resource of a `ReadResource` request."""
    return Resource(
        custom=True,
        inputs=plain(request.properties),
        providers={},
        read_id=_plain(request.id),
        **_common(request, urn),
    )


def _common(request: Any, urn: str) -> dict[str, Any]:
    return {
        "typ": request.type,
        "name": request.name,
        "urn": urn,
        "parent": request.parent,
        "dependencies": tuple(sorted(request.dependencies)),
        "provider": _urn(request.provider),
        "options": options(request),
    }


def options(request: Any) -> dict[str, Json]:
    """Options of a request that are set, empty ones left out; a field that a later Pulumi adds counts as one."""
    left_out = OWN_FIELDS | PROTOCOL_FIELDS | {"dependencies"}
    fields = json_format.MessageToDict(request, preserving_proto_field_name=True)
    return {name: _plain(value) for name, value in fields.items() if name not in left_out and value not in ({}, [])}


def _urn(reference: str) -> str:
    """URN of a provider reference, `<urn>::<id>`."""
    return reference.rpartition("::")[0]


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
