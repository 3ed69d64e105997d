"""The whole program under Pulumi's mocks: no engine, no cluster, no credentials."""

import runpy
from pathlib import Path
from typing import Any

import pulumi

from ai_factory.infra import plan_region
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.objects.region import blocks_of

HERE = Path(__file__).resolve().parent.parent


class Recorder(pulumi.runtime.Mocks):
    """Remembers every resource that the program asks for."""

    def __init__(self) -> None:
        self.resources: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        return args.name, args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"unexpected call of {args.token}")


def run() -> list[pulumi.runtime.MockResourceArgs]:
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="fine-tuning", stack="dev")

    def program() -> None:
        runpy.run_path(str(HERE / "__main__.py"), run_name="__main__")

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # waits until every resource is registered
    return recorder.resources


RESOURCES = run()


def of(typ: str) -> list[dict[str, Any]]:
    return [resource.inputs for resource in RESOURCES if resource.typ == typ]


def test_every_object_of_the_enclave_is_a_child_resource() -> None:
    """What the plan says, and what the program registers: the same objects."""
    [block] = [b for b in blocks_of(plan_region(HERE / "region.yaml"), "kr-edge") if b.type == "TenantEnclave"]
    objects = [item.manifest for item in block.items if isinstance(item, KubeObject)]
    planned = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in objects}

    registered = {
        (resource.inputs["kind"], resource.inputs["metadata"]["name"])
        for resource in RESOURCES
        if resource.typ.startswith("kubernetes:") and resource.name.startswith("acme-")
    }

    assert registered == planned
    assert {"Namespace", "NetworkPolicy", "ResourceQuota", "LocalQueue"} <= {kind for kind, _ in registered}


def test_the_job_waits_in_a_queue_of_the_enclave() -> None:
    [job] = of("kubernetes:batch/v1:Job")
    queues = {queue["metadata"]["name"]: queue for queue in of("kubernetes:kueue.x-k8s.io/v1beta2:LocalQueue")}

    queue = queues[job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"]]
    assert job["metadata"]["namespace"] == queue["metadata"]["namespace"] == "acme"
    assert job["spec"]["suspend"] is True


def test_both_packages_called_components_are_in_use() -> None:
    types = {resource.typ for resource in RESOURCES}
    assert {"ai-factory:index:TenantEnclave", "fine-tuning:index:FineTuning"} <= types
