"""The Pulumi program as the engine runs it: from infra/, with infra/ first on the path, under mocks."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pytest
import yaml

from ai_factory.infra.objects.region import blocks_of
from ai_factory.infra.plan import regions
from ai_factory.infra.plan.allocation import lock

from .harness import run
from .plans import REGION, region_plan
from .recording import Recording
from .test_components import same
from .test_providers import secret_state

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the test region, allocated; and a kubeconfig of a sandbox on loopback."""
    folder = tmp_path / "stacks" / "regions"
    folder.mkdir(parents=True)
    file = folder / "demo.yaml"
    file.write_text(yaml.safe_dump({**REGION, "layout": "split"}), encoding="utf-8")
    lock.lock_path(file).write_text(lock.text(regions.open_region(file).full_lock), encoding="utf-8")
    contexts = ["demo-management", "demo-infer"]
    config = {
        "clusters": [{"name": name, "cluster": {"server": "https://127.0.0.1:6443"}} for name in contexts],
        "contexts": [{"name": name, "context": {"cluster": name}} for name in contexts],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.chdir(REPOSITORY / "infra")
    monkeypatch.setattr(sys, "path", [".", *sys.path])
    return tmp_path


def program() -> None:
    runpy.run_path(".", run_name="__main__")


def record(
    root: Path | None, stack: str = "demo", *, preview: bool = True, config: Mapping[str, str] | None = None
) -> Recording:
    return run(program, preview=preview, stack=stack, config=config, root=root, state=secret_state)


@pytest.mark.parametrize("stack", ["demo", "demo.train-a", "demo.train-a.0", "demo.infer-a"])
def test_a_stack_is_previewed(root: Path, stack: str) -> None:
    recording = record(root, stack)

    region = recording.one("ai-factory:index:Region")
    assert region.name == "demo"
    for block in blocks_of(region_plan("split"), stack):
        same(recording, recording.one(f"ai-factory:index:{block.type}", block.name), block)
    assert recording.exports["totals"]["gpus"] == region.inputs["gpus"]


def test_waiting_can_be_turned_off(root: Path) -> None:
    recording = record(root, config={"ai-factory:wait": "false"})
    assert recording.resources
    assert not [r for r in recording.resources if r.timeouts]


def test_adoption_reaches_the_providers(root: Path) -> None:
    recording = record(root, config={"ai-factory:adopt": "true"})
    assert {p.inputs["upsertExistingObjects"] for p in recording.of("pulumi:providers:kubernetes")} == {"true"}


def test_the_region_may_be_configured(root: Path) -> None:
    regions_folder = root / "stacks" / "regions"
    for name in ("demo.yaml", "demo.lock.yaml"):
        (regions_folder / name).rename(regions_folder / name.replace("demo", "other"))
    assert record(root, config={"ai-factory:region": "other"}).one("ai-factory:index:Region").name == "demo"


def test_an_update_of_a_sandbox_applies_a_sample(root: Path) -> None:
    assert record(root, preview=False, config={"ai-factory:sandbox": "true"}).of("ai-factory:index:GpuCluster")


@pytest.mark.parametrize(
    ("config", "server", "message"),
    [
        ({}, "https://127.0.0.1:6443", "the inventory is a marked sample"),
        ({"ai-factory:sandbox": "false"}, "https://127.0.0.1:6443", "the inventory is a marked sample"),
        ({"ai-factory:sandbox": "true"}, "https://k8s.example", "https://k8s.example, not on loopback"),
    ],
)
def test_an_update_outside_a_sandbox_refuses_a_sample(
    root: Path, config: dict[str, str], server: str, message: str
) -> None:
    kubeconfig = root / "kubeconfig"
    text = kubeconfig.read_text(encoding="utf-8").replace("https://127.0.0.1:6443", server)
    kubeconfig.write_text(text, encoding="utf-8")
    with pytest.raises(pulumi.RunError, match=message):
        record(root, preview=False, config=config)
    assert record(root, config=config).resources, "a preview is free to look"


def test_an_unknown_stack_is_refused_with_those_there_are(root: Path) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"region demo has no stack demo\.train-b\. It has: demo, demo\.train-a\.0"
    ):
        record(root, "demo.train-b")


def test_an_unknown_region_is_refused_with_those_there_are(root: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"there is no region kr-busan. Known: demo"):
        record(root, "kr-busan")


def test_allocations_must_be_locked(root: Path) -> None:
    (root / "stacks" / "regions" / "demo.lock.yaml").unlink()
    with pytest.raises(pulumi.RunError, match=r"the lock file lacks core-rack/core-r0001.*aifactory allocate demo"):
        record(root)


def test_a_fault_of_the_region_file_is_one_line_without_traceback(root: Path) -> None:
    file = root / "stacks" / "regions" / "demo.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("layout: split", "layout: both"), encoding="utf-8")
    with pytest.raises(pulumi.RunError, match=r"demo\.yaml:\d+: layout: ") as caught:
        record(root)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.__suppress_context__


def test_a_setting_of_the_wrong_type_is_refused(root: Path) -> None:
    with pytest.raises(pulumi.RunError, match="ai-factory:wait"):
        record(root, config={"ai-factory:wait": "perhaps"})


def test_without_an_engine_s_root_the_package_s_own_regions_are_found(root: Path) -> None:
    with pytest.raises(pulumi.RunError, match="there is no region demo") as caught:
        record(None)
    for name in regions.known_regions(REPOSITORY):
        assert name in str(caught.value)


def test_the_project_declares_the_settings_that_the_program_reads() -> None:
    project = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))

    own = {key: value for key, value in project["config"].items() if ":" not in key}
    assert sorted(own) == ["adopt", "region", "sandbox", "wait"]
    assert all(value["description"] and value["type"] and "default" in value for value in own.values())
    assert project["config"]["pulumi:disable-default-providers"] == {"value": ["kubernetes"]}
    assert (project["name"], project["main"], project["stackConfigDir"]) == ("ai-factory", "infra", "stacks")


def test_no_module_of_the_program_s_folder_hides_the_standard_library() -> None:
    """`main: infra` puts infra/ first on the path."""
    names = {path.stem for path in (REPOSITORY / "infra").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not names & sys.stdlib_module_names
