"""Hostile and mistaken objects as data, judged by all rules on objects, with an innocent twin of each kind.

A file `tests/gate/hostile/objects/<area>.yaml` holds cases as `tests/gate/matrix.py` reads them:

- `name`, `why`: as in `test_hostile`. `objects`: that are declared together on one cluster.
- `tenants`: names of tenants that have an enclave there: namespace, quota, and a policy that denies all traffic.
- `many`: what stands for `<many>` in its texts: this, over and over.
- `expect`: `rules`: all that must find something, and no other may. `good: true`: none may.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.gate.rules import running
from ai_factory.infra.objects import labels

from . import matrix, object_cases

FOLDER = Path(__file__).parent / "hostile" / "objects"
KEYS = {"name", "why", "objects", "tenants", "many", "expect"}
QUICK = ("rights",)
"""Areas that the quick subset tries; all others run with all tests."""
MANY = 500_000
"""Characters of what is long: a third of the largest object that etcd takes."""
MOST_SECONDS = 5.0
"""No object is so strange that all rules together look at it for longer; the slowest take some milliseconds."""
Case = Mapping[str, Any]


def every_case() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        marks = () if path.stem in QUICK else pytest.mark.slow
        for case in matrix.load(path, KEYS):
            yield pytest.param(case, id=f"{path.stem}: {case['name']}", marks=marks)


@pytest.mark.parametrize("case", list(every_case()))
def test_hostile_objects(case: Case) -> None:
    rules = judged(case)

    assert rules == set(case["expect"].get("rules", ())), rules
    assert bool(rules) != case["expect"].get("good", False)


def judged(case: Case) -> set[str]:
    """Rules that say something of a case; none may fail, or take long."""
    enclaves = [item for name in case.get("tenants", ()) for item in enclave(name)]
    part = case.get("many", "")
    given = matrix.filled(case["objects"], {"many": part * (MANY // len(part))}) if part else case["objects"]
    began = time.monotonic()
    findings = object_cases.judge({"objects": [*given, *enclaves]})
    assert time.monotonic() - began < MOST_SECONDS
    assert not [finding for finding in findings if finding.message.startswith((running.FAILED, running.UNJUDGED))]
    return {finding.rule for finding in findings}


def enclave(tenant: str) -> list[dict[str, Any]]:
    """What keeps a tenant apart."""
    marks = {labels.TENANT_NAMESPACE: tenant, "pod-security.kubernetes.io/enforce": "restricted"}
    place = {"namespace": tenant}
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    group = "networking.k8s.io/v1"
    hard = {"requests.nvidia.com/gpu": "8", "pods": "10"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": tenant, "labels": marks}},
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all", **place}, "spec": {"hard": hard}},
        {"apiVersion": group, "kind": "NetworkPolicy", "metadata": {"name": "none", **place}, "spec": closed},
    ]  # fmt: skip
