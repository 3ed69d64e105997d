"""The table of kinds against the real CRDs and the Kubernetes client, and examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

from ai_factory.infra import objects
from ai_factory.infra.objects import kinds, region
from ai_factory.infra.objects.base import KubeObject, items_of
from ai_factory.infra.plan.model import RegionPlan
from tests import schema

MODULES = sorted(path.stem for path in Path(objects.__path__[0]).glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("kind", kinds.CUSTOM, ids=lambda kind: f"{kind.kind}.{kind.group}")
def test_custom_kinds_are_as_their_crds_say(kind: kinds.Kind) -> None:
    definition = schema.crd(kind.group, kind.kind)
    assert definition is not None
    spec = definition["spec"]
    storage = [version["name"] for version in spec["versions"] if version["storage"] and version["served"]]
    assert (kind.version, kind.plural) == (storage[0], spec["names"]["plural"])
    assert kind.namespaced == (spec["scope"] == "Namespaced")


@pytest.mark.parametrize("kind", kinds.CORE, ids=lambda kind: f"{kind.kind}.{kind.group}")
def test_core_kinds_are_as_the_kubernetes_client_says(kind: kinds.Kind) -> None:
    api = schema._api_class(kind.api_version)
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.kind).lower()
    assert hasattr(api, f"create_namespaced_{snake}" if kind.namespaced else f"create_{snake}")


def test_no_kind_stands_twice() -> None:
    names = [(kind.group, kind.kind) for kind in kinds.KINDS]
    assert len(names) == len(set(names))


def test_every_object_of_the_region_is_of_a_known_kind(plan: RegionPlan) -> None:
    emitted = [item.manifest for item in items_of(region.region_blocks(plan)) if isinstance(item, KubeObject)]
    assert len(emitted) > 80
    for manifest in emitted:
        assert kinds.namespaced(manifest["apiVersion"], manifest["kind"]) == ("namespace" in manifest["metadata"])


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(KeyError, match=r"Clutser cluster\.x-k8s\.io/v1beta2 is missing"):
        kinds.plural("cluster.x-k8s.io/v1beta2", "Clutser")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(f"ai_factory.infra.objects.{name}"))
    assert outcome.failed == 0
