"""What is written as YAML is what the YAML library of kubectl, Flux and Argo CD reads, in the version that we run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra import plan_region
from ai_factory.infra.objects import region
from ai_factory.infra.objects.base import KubeObject, items_of
from ai_factory.infra.plan import regions
from ai_factory.infra.sandbox.files import locked
from ai_factory.infra.sandbox.programs import FAMILIES
from ai_factory.infra.sandbox.progress import silent
from ai_factory.infra.sandbox.toolchain import find_go, go_environment
from ai_factory.infra.text.yaml import yaml_text
from tests.objects import yaml_texts

pytestmark = pytest.mark.live

PROGRAM = Path(__file__).parent / "reader" / "main.go"


@pytest.fixture(scope="module")
def reader(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of the library, built from the modules that the sandbox's Kubernetes is built from."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with locked(cache_dir / ".lock", lambda: None):
        go = find_go(cache_dir, silent)
    program = tmp_path_factory.mktemp("reader") / "reader"
    kubernetes = next(family for family in FAMILIES if family.name == "kubernetes")
    command = [go.path, "build", "-o", program, PROGRAM]
    subprocess.run(command, cwd=kubernetes.module_dir, env=go_environment(), check=True)
    return program


def read(reader: Path, values: list[Any]) -> list[Any]:
    """The values as written here and read there."""
    texts = json.dumps([yaml_text(value) for value in values])
    done = subprocess.run([reader], input=texts, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_texts_that_look_like_something_else_stay_what_they_are(reader: Path) -> None:
    values = list(yaml_texts.documents())

    for value, seen in zip(values, read(reader, values), strict=True):
        assert _rounded(seen) == _rounded(json.loads(json.dumps(value))), yaml_text(value)


def test_the_objects_of_a_region_are_the_same(reader: Path) -> None:
    plan = plan_region(regions.region_file("kr-ulsan"))
    manifests = [item.manifest for item in items_of(region.region_blocks(plan)) if isinstance(item, KubeObject)]

    assert read(reader, manifests) == manifests


def _rounded(value: Any) -> Any:
    """Go keeps numbers beyond 64 bits as the nearest float."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
