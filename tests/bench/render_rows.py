"""`aifactory render` against emitters of YAML, and against what else turns typed input into manifests.

The fastest of the emitters on PyPI is yaml-rs: 2,377 objects of kr-ulsan (2.1 MB) took 0.025 s; py-yaml12 0.035 s,
fastyaml 0.074 s, rapidyaml 0.078 s (JSON in, YAML out), ryaml 0.09 s, libfyaml 0.19 s, PyYAML with libyaml 0.43 s,
ruamel.yaml some 4 s. msgspec's JSON, which is YAML too, took 0.005 s. None of them writes what every reader takes for
the same data (`infra/text/yaml.py` says more), so the row is a measure of speed alone. Our own takes 0.04 s of that;
the rest of `render` is the making of the objects.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ai_factory.infra import plan_region
from ai_factory.infra.engine.render import write_tree
from ai_factory.infra.plan import regions
from tests import regionfile

from . import process, tools
from .row import Goal, Row, Rows, Taken, made_once, scratch

REGION = "kr-ulsan"
OBJECTS = 2377
"""Objects of that region, without charts that only `pulumi up` installs."""
EMITTER = "yaml-rs==0.1.6"
CDK8S = "cdk8s==2.70.115"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"
FOREIGN = Path(__file__).parent / "foreign"
PREFIX = "bench-"


def _tree(folder: Path) -> int:
    return write_tree(plan_region(regions.region_file(REGION)), folder)


def _prepare(folder: Path) -> None:
    """The rendered tree, its documents by file, and its objects."""
    _tree(folder / "tree")
    documents: dict[str, list[Any]] = {}
    for path in sorted((folder / "tree").rglob("*.yaml")):
        found = [one for one in yaml.load_all(path.read_bytes(), yaml.CSafeLoader) if one is not None]
        documents[str(path.relative_to(folder / "tree"))] = found
    (folder / "documents.json").write_text(json.dumps(documents), encoding="utf-8")
    objects = [one for name, found in documents.items() if not name.endswith("kustomization.yaml") for one in found]
    assert len(objects) == OBJECTS, f"{REGION} has {len(objects)} objects: mend OBJECTS"
    (folder / "objects.json").write_text(json.dumps(objects), encoding="utf-8")


def _made() -> Path:
    return made_once("render", _prepare)


def _json() -> float:
    """The least there is: the same data in the same files, as JSON."""
    documents = json.loads((_made() / "documents.json").read_bytes())
    with scratch() as folder:
        start = time.perf_counter()
        for name, items in documents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\n---\n".join(map(msgspec.json.encode, items)))
        return time.perf_counter() - start


def _emitter() -> float:
    """The fastest YAML emitter there is: the same data in the same files."""
    python, made = tools.python_with(EMITTER), _made()
    with scratch() as folder:
        command = [python, FOREIGN / "emit.py", made / "documents.json", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert sum(1 for _ in folder.rglob("*.yaml")) == sum(1 for _ in (made / "tree").rglob("*.yaml"))
    return float(done.stdout)


def _render() -> float:
    """From a plan that is there: objects are made, emitted and written."""
    plan = plan_region(regions.region_file(REGION))
    with scratch() as folder:
        start = time.perf_counter()
        write_tree(plan, folder / "tree")
        return time.perf_counter() - start


def _whole_render() -> Taken:
    with scratch() as folder:
        taken, _ = process.run([process.AIFACTORY, "render", REGION, folder / "tree"], regionfile.REPOSITORY)
        _count(sum(_objects_in(path.read_text()) for path in (folder / "tree").rglob("*-*.yaml")))
    return taken


def _cdk8s() -> Taken:
    tools.need("node")
    python, made = tools.python_with(CDK8S), _made()
    with scratch() as folder:
        command = [python, FOREIGN / "synth.py", made / "objects.json", folder / "out"]
        taken, _ = process.run(command, folder)
        _count(sum(_objects_in(path.read_text()) for path in (folder / "out").glob("*.yaml")))
    return taken


def _kustomize() -> Taken:
    """A name prefix and a label for each object. Targets are built apart: kustomize wants an object's name once."""
    program, made = tools.go_program("kustomize", KUSTOMIZE), _made()
    with scratch() as folder:
        by_target: dict[str, list[str]] = {}
        for path in (made / "tree").rglob("kustomization.yaml"):
            by_target.setdefault(path.parent.name, []).append(str(path.parent))
        seconds, megabytes, count = 0.0, 0.0, 0
        for target, sources in by_target.items():
            kustomization = _kustomization(folder / target, sources)
            taken, out = process.run(
                [program, "build", "--load-restrictor=LoadRestrictionsNone", kustomization], folder
            )
            seconds, megabytes = seconds + taken.seconds, max(megabytes, taken.megabytes)
            count += _objects_in(out)
    _count(count)
    return Taken(seconds, megabytes)


def _kustomization(folder: Path, sources: list[str]) -> Path:
    folder.mkdir()
    relative = [os.path.relpath(source, folder) for source in sources]
    labels = [{"pairs": {"bench": "yes"}}]
    text = yaml.safe_dump({"namePrefix": PREFIX, "labels": labels, "resources": relative})
    (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
    return folder


def _objects_in(text: str) -> int:
    return sum(line.startswith("kind: ") for line in text.splitlines())


def _count(found: int) -> None:
    if found != OBJECTS:
        raise RuntimeError(f"{found} objects came out, not {OBJECTS}")


def _peer(what: str, run: Callable[[], Taken]) -> Row:
    return Row(what, run, "peer-render", Goal(ratio_from=1), slow=True, per=(OBJECTS, "object"))


RENDER: Rows = {
    "emit-json": Row("2,377 objects in 38 files as JSON, by msgspec", _json, repeat=3),
    "emit-yaml": Row(f"the same as YAML by {EMITTER}, the fastest emitter", _emitter, repeat=3, process=True),
    "render": Row("objects of a plan made and written as that tree", _render, "emit-yaml", Goal(ratio=4), repeat=3),
}
PEERS: Rows = {
    "peer-render": Row(
        "`aifactory render kr-ulsan`, region file to YAML", _whole_render, slow=True, per=(OBJECTS, "object")
    ),
    "peer-cdk8s": _peer("cdk8s for Python: the same objects, ready as data, as ApiObjects", _cdk8s),
    "peer-kustomize": _peer("`kustomize build` of that tree: adds a prefix and a label", _kustomize),
}
