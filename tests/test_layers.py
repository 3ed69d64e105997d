"""Names and links that Pulumi's Python runtime and every tool rely on; pyproject.toml holds the import contracts."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests import regionfile

ROOT = regionfile.REPOSITORY
PACKAGES = ("infra", "components", "templates", "policypack")


def modules(folder: Path) -> list[Path]:
    """Python modules and packages below a folder."""
    files = [path for path in folder.rglob("*.py") if path.name != "__init__.py"]
    return files + [path.parent for path in folder.rglob("__init__.py")]


@pytest.mark.parametrize("folder", ["infra", "components"])
def test_no_module_has_the_name_of_a_standard_one(folder: str) -> None:
    """`main: infra` puts that folder on the path, before the standard library."""
    found = modules(ROOT / folder)

    assert len(found) > 5
    assert [str(path) for path in found if path.stem in sys.stdlib_module_names] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_the_links_of_the_namespace_lead_into_the_repository(name: str) -> None:
    link = ROOT / "src" / "ai_factory" / name

    assert link.is_symlink()
    assert link.readlink() == Path("..") / ".." / name
    assert link.resolve(strict=True) == ROOT / name


def test_the_namespace_belongs_to_nobody() -> None:
    """PEP 420: another distribution may add packages of its own."""
    assert {path.name for path in (ROOT / "src" / "ai_factory").iterdir()} - {"__pycache__"} == set(PACKAGES)


@pytest.mark.parametrize("name", ["infra", "components"])
def test_a_package_is_imported_from_the_repository_and_says_that_it_is_typed(name: str) -> None:
    package = __import__(f"ai_factory.{name}", fromlist=["__file__"])

    assert Path(str(package.__file__)).resolve() == ROOT / name / "__init__.py"
    assert (ROOT / name / "py.typed").is_file()


def lines(folder: str) -> dict[str, int]:
    """Lines of each module below a folder."""
    return {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}


@pytest.mark.parametrize("folder", ["infra", "components"])
def test_modules_stay_short(folder: str) -> None:
    assert {path: length for path, length in lines(folder).items() if length > 400} == {}


def test_the_direct_engine_stays_small() -> None:
    """What writes to clusters is read as a whole by whoever changes it: ADR 5 holds engine and client to this."""
    lengths = lines("infra/engine/direct") | lines("infra/kube")

    assert len(lengths) > 10
    assert sum(lengths.values()) <= 3_300
    assert {path: length for path, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("folder", ["infra", "components"])
def test_a_package_says_what_each_of_its_modules_is_for(folder: str) -> None:
    """Whoever looks for something reads the package's docstring first: what it leaves out is found by chance."""
    packages = list((ROOT / folder).rglob("__init__.py"))
    unnamed = [
        str(module.relative_to(ROOT))
        for package in packages
        for module in sorted(package.parent.glob("*.py"))
        if module.name not in ("__init__.py", "__main__.py")
        if f"`{module.stem}`" not in (ast.get_docstring(ast.parse(package.read_bytes())) or "")
    ]

    assert len(packages) >= 1
    assert unnamed == []
