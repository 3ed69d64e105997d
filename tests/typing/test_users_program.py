"""Another team checks its own program with its own mypy: it ends well, stays small, and reports wrong uses."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests import regionfile
from tests.examples.test_examples import EXAMPLES, NAMES

from .environment import check

pytestmark = pytest.mark.slow

PACKAGES = ("components", "infra", "policypack", "templates")
WRONG_USES = """\
from pathlib import Path

import pulumi

from ai_factory.components import (
    ClusterProviders, GpuCluster, GpuClusterArgs, Manifest, Registry, TenantEnclave, TenantEnclaveArgs
)
from ai_factory.infra import plan_region

plan = plan_region(Path("region.yaml"))
registry = Registry()
providers = ClusterProviders(plan, registry, root=Path("."))
ClusterProviders(registry=registry)  # call-arg
plan_region(["region.yaml"])  # arg-type
args = TenantEnclaveArgs(plan=plan, tenant="acme", providers=providers, registry=registry)
TenantEnclaveArgs(plan=plan, tenat="acme", providers=providers)  # call-arg
TenantEnclaveArgs(plan=plan, tenant=7, providers=providers)  # arg-type
TenantEnclaveArgs(plan=Path("region.yaml"), tenant="acme", providers=providers)  # arg-type
TenantEnclaveArgs(plan=plan, tenant="acme", providers=plan)  # arg-type
args.tenant = "other"  # misc
enclave = TenantEnclave("acme", args)
GpuCluster("acme", args)  # arg-type
enclave.namespaces  # attr-defined
pulumi.export("vni", enclave.vni + "1")  # operator
GpuCluster("train-a", GpuClusterArgs(plan=plan, cluster="train-a", providers=providers)).context.upper()  # union-attr
pulumi.ResourceOptions(depends_on=[registry.get("infer-a/Namespace//acme")])  # list-item
Manifest("config", ["ConfigMap"], pulumi.ResourceOptions())  # arg-type
providers["infer-a"].kubeconfg  # attr-defined
"""


def files(package: str) -> set[str]:
    """Files of a package of the work tree, as a wheel names them."""
    folder = regionfile.REPOSITORY / package
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    own = (path for path in paths if not path.parts[0].startswith("."))  # the pack's environment stands in it
    return {f"ai_factory/{package}/{path.as_posix()}" for path in own}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_holds_every_file(package: str, wheel: Path) -> None:
    """`py.typed` and stubs too: without them a checker sees no types, or the Kubernetes SDK whole."""
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(f"ai_factory/{package}/")}

    assert inside == files(package)


def test_the_environment_has_the_wheel_and_not_the_work_tree(user_python: Path) -> None:
    code = "import ai_factory.components as c, ai_factory.infra as i, pulumi; print(c.__file__); print(i.__file__)"
    done = subprocess.run([user_python, "-c", code], capture_output=True, text=True, check=True)

    assert all(path.startswith(str(user_python.parent.parent)) for path in done.stdout.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_checked_without_the_kubernetes_sdk(name: str, user_python: Path, tmp_path: Path) -> None:
    program = shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    checked = check(user_python, program, tmp_path / "cache")

    assert checked.code == 0, checked.lines + checked.log.splitlines()[-20:]
    assert checked.lines[-1].startswith("Success: no issues found")
    assert {"ai_factory.components", "ai_factory.components._manifest", "pulumi"} <= checked.modules
    assert [module for module in checked.modules if module.split(".")[0] == "pulumi_kubernetes"] == []


def test_wrong_uses_are_reported(user_python: Path, tmp_path: Path) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "program.py").write_text(WRONG_USES, encoding="utf-8")
    lines = enumerate(WRONG_USES.splitlines(), start=1)
    expected = {(number, line.rpartition("  # ")[2]) for number, line in lines if "  # " in line}

    checked = check(user_python, tmp_path / "program", tmp_path / "cache")

    reported = [re.match(r"program\.py:(\d+): error: .* \[([a-z-]+)\]$", line) for line in checked.lines]
    assert {(int(match[1]), match[2]) for match in reported if match} == expected, checked.lines
    assert checked.code == 1
