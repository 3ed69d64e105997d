"""The public API: every name is there, is typed, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ai_factory.infra as public
from ai_factory.infra import (
    FactoryError,
    InputError,
    KubeObject,
    Region,
    allocate,
    blocks,
    items_of,
    judge,
    plan_region,
    render,
    stack_names,
)
from tests import regionfile

LAB = regionfile.REGIONS / "lab.yaml"


@pytest.mark.parametrize("name", public.__all__)
def test_every_name_has_a_home_and_says_what_it_is(name: str) -> None:
    assert (getattr(public, name).__doc__ or "").strip()
    assert name in dir(public)


def test_the_list_is_whole() -> None:
    assert public.__all__ == sorted(public.__all__)
    assert set(public.__all__) == set(vars(public)["_HOMES"])
    with pytest.raises(AttributeError, match="no attribute 'plan_regoin'"):
        public.plan_regoin  # type: ignore[attr-defined]  # noqa: B018


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import sys, ai_factory.infra; print(*sorted(name for name in sys.modules if name.startswith('ai_factory')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ai_factory", "ai_factory.infra"]

    heavy = "{'pulumi', 'pydantic', 'lightkube', 'rich', 'jinja2'}"
    code = f"import sys; from ai_factory.infra import FactoryError; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_blocks_are_those_that_components_register() -> None:
    plan = plan_region(LAB)
    whole = blocks(plan)

    assert {block.type for block in whole} >= {"ManagementCluster", "GpuCluster", "TenantEnclave"}
    assert blocks(plan, "lab") == whole and stack_names(plan) == ["lab"]
    kinds = {item.manifest["kind"] for item in items_of(whole) if isinstance(item, KubeObject)}
    assert {"Namespace", "BareMetalHost", "LocalQueue"} <= kinds
    with pytest.raises(KeyError, match="other"):
        blocks(plan, "other")


def test_a_tree_is_rendered_from_memory(tmp_path: Path) -> None:
    count = render(plan_region(regionfile.base("lab")), str(tmp_path / "tree"))

    files = [path for path in (tmp_path / "tree").rglob("*.yaml") if path.is_file()]
    assert count == len(files) > 10


def test_the_verdict_on_a_region_in_memory_is_that_on_its_file() -> None:
    on_file, on_data = judge(LAB), judge(regionfile.base("lab"), lock=LAB.with_suffix(".lock.yaml"))

    assert on_data == on_file
    assert (on_file.exit_code, on_file.name) == (0, "lab")
    assert judge(regionfile.base("lab")) == judge(Region.model_validate(regionfile.base("lab")))


def test_a_region_that_breaks_a_rule_is_refused() -> None:
    image = {"url": "http://images.lab.example/ubuntu.qcow2", "checksum": "a" * 64}
    whole = judge(regionfile.base("lab"))
    broken = judge(regionfile.patched("lab", to={"images.core": image, "bmc": {"verify_tls": False}, "protect": True}))

    assert (whole.exit_code, broken.exit_code) == (0, 1)
    assert [line for line in broken.refused if line.endswith("(bmc-tls)")]


def test_an_incomplete_lock_is_refused_under_the_region_s_own_name() -> None:
    whole = allocate(LAB)
    verdict = judge(regionfile.base("lab"), lock=whole.model_copy(update={"entries": whole.entries[:-1]}))

    assert verdict.exit_code == 1
    [line] = verdict.refused
    assert "lock-complete" in line and "<region lab>" in line and "tmp" not in line


def test_bad_input_is_told_under_the_region_s_own_name(tmp_path: Path) -> None:
    verdict = judge(regionfile.patched("lab", to={"clusters[0].racks": "two"}))

    assert (verdict.exit_code, verdict.plan) == (2, None)
    assert [(one.file, one.path, one.line) for one in verdict.bad] == [("<region lab>", "clusters[0].racks", None)]
    assert judge(tmp_path / "none.yaml").bad[0].message == "no such file"
    inventory = judge(regionfile.patched("lab", to={"inventory": "none.csv"}))
    assert [one.message for one in inventory.bad] == ["no such inventory file"]


def test_every_error_that_a_user_can_cause_is_of_one_family() -> None:
    assert issubclass(InputError, FactoryError)
    with pytest.raises(FactoryError):
        plan_region({})
