"""The recording: every option that Pulumi's SDK has is seen in it, also one that a later release adds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime.proto import resource_pb2

from .harness import run
from .recording import OWN_FIELDS, PROTOCOL_FIELDS, Recording, Resource
from .test_harness import Box, config_map, provider

Others = Mapping[str, pulumi.Resource]

OPTIONS: dict[str, Callable[[Others], Any]] = {
    "parent": lambda others: others["box"],
    "depends_on": lambda others: [others["other"]],
    "protect": lambda others: True,
    "provider": lambda others: others["other"],
    "delete_before_replace": lambda others: False,
    "ignore_changes": lambda others: ["data"],
    "version": lambda others: "1.2.3",
    "aliases": lambda others: [pulumi.Alias(name="old")],
    "additional_secret_outputs": lambda others: ["data"],
    "import_": lambda others: "n/c",
    "custom_timeouts": lambda others: pulumi.CustomTimeouts(create="5m"),
    "transformations": lambda others: [renamed],
    "replace_on_changes": lambda others: ["data"],
    "replacement_trigger": lambda others: "again",
    "plugin_download_url": lambda others: "https://plugins.example",
    "retain_on_delete": lambda others: True,
    "deleted_with": lambda others: others["box"],
    "replace_with": lambda others: [others["box"]],
    "hide_diffs": lambda others: ["data"],
}
"""Every option that a managed resource takes, with a value that is not its default."""
ELSEWHERE = {
    "id": "of a resource that is read: `read_id`",
    "urn": "a resource of another stack",
    "providers": "of a component: its own test below",
    "env_var_mappings": "of a provider: its own test below",
    "transforms": "callbacks, which need a running engine",
    "hooks": "callbacks, which need a running engine",
    "state_migrations": "callbacks, which need a running engine",
}


def renamed(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    return pulumi.ResourceTransformationResult({**args.props, "data": {"b": "2"}}, args.opts)


def resource(name: str | None) -> Resource:
    """What is recorded of a config map with an option, or without any."""

    def program() -> None:
        others: Others = {"box": Box("box"), "other": provider("other"), "m": provider("m")}
        options: dict[str, Any] = {"provider": others["m"]}
        if name is not None:
            options[name] = OPTIONS[name](others)
        config_map("c", pulumi.ResourceOptions(**options), a="1")

    return run(program).one(name="c")


def seen(recorded: Resource) -> dict[str, Any]:
    return {field: getattr(recorded, field) for field in Resource.__dataclass_fields__ if field != "frames"}


def test_the_table_has_every_option_of_the_sdk() -> None:
    options = set(inspect.signature(pulumi.ResourceOptions).parameters)
    assert options == set(OPTIONS) | set(ELSEWHERE)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_recorded(name: str) -> None:
    assert seen(resource(name)) != seen(resource(None))


def test_an_option_is_recorded_by_its_field() -> None:
    assert resource("retain_on_delete").options == {**resource(None).options, "retainOnDelete": True}
    assert resource("deleted_with").options["deletedWith"].endswith("test:index:Box::box")
    assert resource("additional_secret_outputs").options["additionalSecretOutputs"] == ["data"]


def test_providers_of_a_component_are_recorded() -> None:
    class Empty(pulumi.ComponentResource):
        def __init__(self, opts: pulumi.ResourceOptions) -> None:
            super().__init__("test:index:Empty", "empty", None, opts)
            self.register_outputs({})

    recording = run(lambda: Empty(pulumi.ResourceOptions(providers={"kubernetes": provider()})))

    [empty, at] = sorted(recording.resources, key=lambda r: r.name)
    assert empty.providers == {"kubernetes": at.urn}


def test_environment_of_a_provider_is_recorded() -> None:
    def recorded(opts: pulumi.ResourceOptions | None) -> Recording:
        return run(lambda: pulumi.ProviderResource("kubernetes", "m", {}, opts))

    mapped = recorded(pulumi.ResourceOptions(env_var_mappings={"A": "B"}))
    assert mapped.resources[0].options != recorded(None).resources[0].options


def test_fields_that_are_left_out_exist() -> None:
    """A name that Pulumi has no more would leave out nothing, or something else one day."""
    messages = (resource_pb2.RegisterResourceRequest, resource_pb2.ReadResourceRequest)
    fields = {field.name for message in messages for field in message.DESCRIPTOR.fields}
    assert fields >= OWN_FIELDS | PROTOCOL_FIELDS
