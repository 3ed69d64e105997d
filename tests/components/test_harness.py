"""The harness itself: it sees what Pulumi's mocks hide and refuses what they let pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from .faults import clear_text_secrets
from .harness import RefusedError, run
from .recording import UNKNOWN, Secret

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


class Box(pulumi.ComponentResource):
    """A component that may forget its outputs."""

    def __init__(self, name: str, outputs: bool = True) -> None:
        super().__init__("test:index:Box", name, {"size": 1})
        if outputs:
            self.register_outputs({"name": name})


def provider(name: str = "m") -> kubernetes.Provider:
    return kubernetes.Provider(name, context="m", kubeconfig="")


def config_map(name: str, opts: pulumi.ResourceOptions, **data: pulumi.Input[str]) -> kubernetes.core.v1.ConfigMap:
    return kubernetes.core.v1.ConfigMap(name, metadata={"name": name, "namespace": "n"}, data=data, opts=opts)


class RawSecret(pulumi.CustomResource):
    """A Secret past the typed SDK, which marks its data by itself."""

    def __init__(self, name: str, data: pulumi.Input[dict[str, str]], at: pulumi.ProviderResource) -> None:
        opts = pulumi.ResourceOptions(provider=at)
        super().__init__("kubernetes:core/v1:Secret", name, {"stringData": data}, opts)


def test_records_options_in_exact_order() -> None:
    def program() -> None:
        at = provider()
        box = Box("box")
        first = config_map("first", pulumi.ResourceOptions(parent=box, provider=at, protect=True))
        config_map(
            "second",
            pulumi.ResourceOptions(
                provider=at,
                depends_on=[first],
                ignore_changes=["data"],
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create="5m"),
                aliases=[pulumi.Alias(name="old")],
            ),
        )
        pulumi.export("box", box.urn)

    recording = run(program)

    assert [r.name for r in recording.resources] == ["m", "box", "first", "second"]
    box, first, second = (recording.one(name=name) for name in ("box", "first", "second"))
    assert recording.children(box) == [first] == list(recording.below(box))
    assert first.protect and not second.protect
    assert first.provider == second.provider == recording.one("pulumi:providers:kubernetes").urn
    assert second.dependencies == (first.urn,)
    assert (second.ignore_changes, second.delete_before_replace, second.timeouts) == (("data",), True, {"create": "5m"})
    assert second.options["aliases"] == [{"spec": {"name": "old", "parentUrn": ""}}]
    assert recording.outputs[box.urn] == {"name": "box"}
    assert recording.exports == {"box": box.urn}


def test_ids_are_known_after_an_update_and_unknown_in_a_preview() -> None:
    def program() -> None:
        at = provider()
        first = config_map("first", pulumi.ResourceOptions(provider=at))
        config_map("second", pulumi.ResourceOptions(provider=at), of=first.id)

    assert run(program).one(name="second").inputs["data"] == {"of": "n/first"}
    assert run(program, preview=True).one(name="second").inputs["data"] == {"of": UNKNOWN}


def test_reads_are_recorded_and_answered_by_the_test() -> None:
    def program() -> None:
        found = kubernetes.core.v1.Secret.get("s", "n/s", pulumi.ResourceOptions(provider=provider()))
        pulumi.export("value", found.data["value"])

    recording = run(program, state=lambda r: {"data": {"value": "dmFsdWU="}} if r.read_id else {})

    assert recording.one("kubernetes:core/v1:Secret").read_id == "n/s"
    assert recording.exports == {"value": "dmFsdWU="}


def test_runs_do_not_see_each_other() -> None:
    def program() -> None:
        Box("box")
        pulumi.export("region", pulumi.Config("ai-factory").get("region"))

    assert run(program, config={"ai-factory:region": "kr"}).exports == {"region": "kr"}
    assert "region" not in run(program).exports
    assert len(run(program).resources) == 1


def nothing() -> None:
    """Registers no resource."""


def twice() -> None:
    Box("box")
    Box("box")


def silent_component() -> None:
    Box("box", outputs=False)


def endless() -> None:
    Box("box")
    kubernetes.core.v1.ConfigMap(
        "c", data={"a": pulumi.Output.from_input(_never())}, opts=pulumi.ResourceOptions(provider=provider())
    )


async def _never() -> str:
    await asyncio.sleep(3600)
    return ""


def default_provider() -> None:
    config_map("c", pulumi.ResourceOptions())


def plain_secret() -> None:
    RawSecret("s", {"value": "x"}, provider())


def secret_in_config_map() -> None:
    config_map("c", pulumi.ResourceOptions(provider=provider()), file="password: hunter22")


def secret_in_output() -> None:
    class Leak(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Leak", "leak")
            self.register_outputs({"key": "-----BEGIN EC PRIVATE KEY-----"})

    Leak()


def invoke() -> None:
    Box("box")
    pulumi.runtime.invoke("kubernetes:yaml:decode", {"text": ""})


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (nothing, "registered no resource"),
        (twice, "Duplicate resource URN"),
        (silent_component, "never registered their outputs: box"),
        (default_provider, "has no provider of its own"),
        (plain_secret, "stringData of a Secret is not marked as secret"),
        (secret_in_config_map, "data.file holds a password in clear text"),
        (secret_in_output, "key holds a private key in clear text"),
        (invoke, "needs a reachable cluster"),
    ],
)
@pytest.mark.parametrize("preview", [False, True])
def test_refuses(program: Callable[[], None], message: str, preview: bool) -> None:
    with pytest.raises(RefusedError, match=message):
        run(program, preview=preview)


def test_refuses_a_program_without_an_end() -> None:
    with pytest.raises(RefusedError, match=r"did not come to its end within 0\.5 s"):
        run(endless, timeout_seconds=0.5)


def test_a_failing_program_fails_with_its_own_error() -> None:
    def program() -> None:
        Box("box")
        raise pulumi.RunError("no such region")

    with pytest.raises(pulumi.RunError, match="no such region"):
        run(program)


def test_a_secret_that_is_marked_passes() -> None:
    def program() -> None:
        RawSecret("s", pulumi.Output.secret({"password": "hunter22"}), provider())

    assert run(program).one(name="s").inputs["stringData"] == Secret({"password": "hunter22"})


@pytest.mark.parametrize(
    "value",
    [
        {"token": "x"},
        {"list": ["-----BEGIN PRIVATE KEY-----"]},
        {"bootstrap": "abcdef.0123456789abcdef"},
        {"file": "user: a\nclient-key-data: QUJDREVGR0hJSktMTU5PUFFSU1RVVg=="},
        {"url": "https://user:pass@host/"},
        {"aws": "AKIAABCDEFGHIJKLMNOP"},
        {"jwt": "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"},
    ],
)
def test_finds_clear_text_secrets(value: dict[str, object]) -> None:
    assert list(clear_text_secrets(value))


@pytest.mark.parametrize(
    "value",
    [
        {"passwordRef": {"name": "bmc"}},
        {"file": "password: {{ ds.password }}\ntoken: ${TOKEN}"},
        {"secretKey": "username"},
        {"password": ""},
        {"image": "registry.example/a:v1.2.3"},
        {"password": Secret("x")},
    ],
)
def test_leaves_references_alone(value: dict[str, object]) -> None:
    assert not list(clear_text_secrets(value))
