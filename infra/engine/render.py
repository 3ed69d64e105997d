"""Writes a region's objects as a YAML tree: `<stack>/<target>/<Type>-<name>.yaml`, with a kustomization a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..objects import region
from ..objects.base import Block, HelmRelease, KubeObject
from ..plan.model import RegionPlan
from ..spec.problems import InputError, Problem
from ..text.yaml import yaml_text

MARKER = ".ai-factory-render"


def write_tree(plan: RegionPlan, directory: str | os.PathLike[str]) -> int:
    """Write a region's objects as a YAML tree that Flux or Argo CD can sync: `<stack>/<target>/<Type>-<name>.yaml`.

    The tree is the same, byte for byte, from run to run. Charts that only the engine installs stand in it as comments.

    Args:
        plan: the region, from `plan_region`.
        directory: new, empty, or an earlier tree, which is replaced whole.

    Returns:
        Number of files written.

    Raises:
        InputError: the directory holds something else.
    """
    return replace_tree(Path(directory), MARKER, lambda root: _fill(plan, root))


def replace_tree(directory: Path, marker: str, fill: Callable[[Path], int]) -> int:
    """Write a tree of files, in place of an earlier tree of the same command.

    The tree is made beside its place and moved there whole, so that an interrupt leaves the old one.

    Args:
        directory: new, empty, or an earlier tree.
        marker: name of the file that marks a tree of this command; `fill` writes it.
        fill: writes the files below a folder and returns their number.

    Returns:
        Number of files written.

    Raises:
        InputError: the directory holds something else.
    """
    directory = directory.resolve()
    _refuse_foreign(directory, marker)
    directory.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    try:
        count = fill(work)
        work.chmod(0o755)
        _swap(work, directory)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return count


def _swap(new: Path, directory: Path) -> None:
    """Renames only: deleting the old tree first would leave nothing to an interrupt."""
    aside = new.with_name(f"{new.name}.old")
    if directory.exists():
        directory.replace(aside)
    try:
        new.replace(directory)
    except BaseException:
        if aside.exists():
            aside.replace(directory)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _refuse_foreign(directory: Path, marker: str) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InputError([Problem(file=str(directory), message="is a file", remedy="name a directory")])
    if any(directory.iterdir()) and not (directory / marker).exists():
        message = "the directory holds files that this command did not write"
        raise InputError([Problem(file=str(directory), message=message, remedy="name a new or empty directory")])


def _fill(plan: RegionPlan, root: Path) -> int:
    folders: dict[Path, list[str]] = {}
    for block in region.region_blocks(plan):
        for inner in block.walk():
            for target, text in _documents(inner).items():
                folder = root / inner.stack / target
                folder.mkdir(parents=True, exist_ok=True)
                name = f"{inner.type}-{inner.name}.yaml"
                (folder / name).write_text(text, encoding="utf-8")
                folders.setdefault(folder, []).append(name)
    for folder, names in folders.items():
        kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": names}
        (folder / "kustomization.yaml").write_text(yaml_text(kustomization), encoding="utf-8")
    (root / MARKER).write_text(f"{plan.name}\n", encoding="utf-8")
    return sum(len(names) + 1 for names in folders.values())


def _documents(block: Block) -> Mapping[str, str]:
    """Text of a block's objects by target cluster."""
    texts: dict[str, list[str]] = {}
    for item in block.items:
        text = yaml_text(item.applied) if isinstance(item, KubeObject) else _chart(item)
        texts.setdefault(item.target, []).append(text)
    return {target: "---\n".join(parts) for target, parts in texts.items()}


def _chart(release: HelmRelease) -> str:
    """A chart that only `pulumi up` or `helm` installs, as a comment: it is no object to sync."""
    values = yaml_text(release.values) if release.values else ""
    command = (
        f"helm upgrade --install {release.name} {release.chart} --repo {release.repo} --version {release.version} "
        f"--namespace {release.namespace} --create-namespace --values -"
    )
    return "".join(f"# {line}\n" for line in _lines(command, values))


def _lines(command: str, values: str) -> Iterator[str]:
    yield "installed by `pulumi up`, or by hand:"
    yield command
    yield from values.splitlines()
