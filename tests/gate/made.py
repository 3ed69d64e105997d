"""Made-up verdicts: small ones that read like real ones, and huge ones."""

from __future__ import annotations

from typing import Any

import pytest

from ai_factory.infra.gate import rule
from ai_factory.infra.gate.judge.verdict import Fault, RegionVerdict, Verdict
from ai_factory.infra.gate.records import Blast, Change, FieldChange, Finding, PoolFacts, StackDelta, Totals

REGION = "kr-ulsan"
FILE = f"stacks/regions/{REGION}.yaml"


def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rules in place of the real ones, so that reports of a verdict are the same for ever."""
    made = [
        _rule("hall-power", "region", "power", "error", "docs/adr/0002-plan-before-engine.md"),
        _rule("image-digest", "object", "images", "error", "https://kubernetes.io/docs/concepts/containers/images/"),
        _rule("no-loss", "change", "destruction", "error", "docs/adr/0004-stacks.md"),
        _rule("unique-numbers", "fleet", "addresses", "warning", "docs/adr/0003-allocations.md"),
    ]
    monkeypatch.setattr(rule, "RULES", {one.id: one for one in made})


def _rule(name: str, scope: Any, area: str, severity: Any, source: str) -> rule.Rule:
    return rule.Rule(
        id=name, scope=scope, area=area, severity=severity, source=source, reason=f"why there is {name}",
        remedy=f"how to mend {name}",
    )  # fmt: skip


def finding(name: str = "hall-power", severity: str = "error", **more: Any) -> Finding:
    """One finding."""
    given: dict[str, Any] = {
        "region": REGION,
        "subject": "cluster/train-a",
        "message": "a hall feeds no more than it has: 64 x 142 kW = 9,088 kW exceeds hall h1 (8,000 kW)",
        "remedy": "lower it to 56 or move racks to h2",
        "path": ("clusters", "train-a", "racks"),
        "file": FILE,
        "line": 41,
    }
    return Finding(rule=name, severity=severity, **(given | more))


def waived(**more: Any) -> Finding:
    """A finding that somebody accepted."""
    given: dict[str, Any] = {
        "message": "images are named by digest: found tag v1", "path": (), "waived": "vendor has no digests yet",
        "until": "2026-12-31",
    }  # fmt: skip
    return finding("image-digest", **(given | more))


def fault(**more: Any) -> Fault:
    """A fault of the input."""
    given: dict[str, Any] = {
        "region": REGION, "file": FILE, "line": 7, "path": "clusters[0].racks", "message": "must be a whole number",
        "given": "'many'", "remedy": "write a number",
    }  # fmt: skip
    return Fault(**(given | more))


def change(number: int = 1, action: str = "update", **more: Any) -> Change:
    """What happens to one machine deployment."""
    rack, group = f"train-a-r{number:04}", (number - 1) // 32
    given: dict[str, Any] = {
        "kind": "MachineDeployment",
        "id": f"management/MachineDeployment.cluster.x-k8s.io/train-a/{rack}",
        "region": REGION,
        "stack": f"{REGION}.train-a.{group}",
        "component": f"RackGroup train-a-{group}",
        "owner": f"rack/{rack}",
        "protect": False,
    }
    if action == "update":
        given["fields"] = (FieldChange(path="spec.template.spec.version", old="v1.35.1", new="v1.36.1"),)
    return Change(action=action, **(given | more))


def lost(**more: Any) -> Change:
    """A protected namespace that goes."""
    given: dict[str, Any] = {
        "kind": "Namespace", "id": "train-a/Namespace//gov-llm", "stack": f"{REGION}.train-a",
        "component": "TenantEnclave gov-llm", "owner": "tenant/gov-llm", "protect": True,
    }  # fmt: skip
    return change(1, "delete", **(given | more))


def region(**more: Any) -> RegionVerdict:
    """A region that gets a new Kubernetes version on 64 racks."""
    given: dict[str, Any] = {
        "region": REGION,
        "file": FILE,
        "state": "changed",
        "stacks": tuple(StackDelta(name=f"{REGION}.train-a.{n}", update=32, resources=737) for n in (0, 1)),
        "changes": tuple(change(number) for number in range(1, 65)),
    }
    return RegionVerdict(**(given | more))


def verdict(*regions: RegionVerdict, **more: Any) -> Verdict:
    """A verdict on regions."""
    return Verdict(**({"base": "origin/main 38faea6", "head": "the working tree", "regions": regions} | more))


def small() -> Verdict:
    """A new version, nothing else: one screen."""
    return verdict(region(), untouched=("kr-haein", "lab"))


def rich() -> Verdict:
    """Something of everything."""
    drained = tuple(f"train-a-r{number:04}" for number in range(1, 65))
    before = Totals(it_kw=30_100.0, racks=96, gpus=6912, tenants=2, currency="EUR", hardware=4e8)
    after = Totals(it_kw=31_000.5, racks=96, gpus=6912, tenants=1, currency="EUR", hardware=4.1e8)
    fields = (
        FieldChange(path='data["config.toml"]', old="a = 1\nb = 2\nc = 3\n", new="a = 1\nb = 4\nc = 3\nd = 5\n"),
        FieldChange(path="spec.paused", old=True),
        FieldChange(path="spec.rules[2]", new={"verbs": ["get", "list"]}),
    )
    config = {
        "kind": "ConfigMap", "id": "train-a/ConfigMap/kube-system/kubelet", "stack": f"{REGION}.train-a",
        "component": "ClusterPlatform train-a", "owner": "cluster/train-a", "fields": fields,
    }  # fmt: skip
    image = FieldChange(path="spec.template.spec.image.url", old="oci://images/node:1", new="oci://images/node:2")
    template = {"kind": "Metal3MachineTemplate", "because": ("spec.template.spec.image",), "fields": (image,)}
    changed = region(
        changes=(
            lost(),
            *(change(n, "replace", **template, id=f"management/Metal3MachineTemplate.x/train-a/r{n}") for n in (1, 2)),
            *region().changes,
            change(1, "update", **config),
            *(change(n, "create", kind="BareMetalHost", id=f"management/BareMetalHost.x/train-a/u{n}") for n in (5, 6)),
        ),
        stacks=(StackDelta(name=f"{REGION}.train-a", delete=1, update=1, resources=73), *region().stacks),
        blast=Blast(racks_drained=drained, gpus_drained=4608, tenants_lost=("gov-llm",)),
        before=before,
        after=after,
        pools_before=(PoolFacts(name="host links", total=4096, used=1200),),
        pools_after=(PoolFacts(name="host links", total=4096, used=1280),),
        findings=(
            finding(),
            finding("no-loss", message="nothing is lost unasked: tenant/gov-llm is deleted", subject="tenant/gov-llm",
                    remedy="add an approval for `tenant/gov-llm`, see `aifactory gate --help`", path=(), line=None),
            finding("image-digest", "warning", message="images are named by digest: found tag <v1>|latest",
                    subject="train-a/DaemonSet.apps/kube-system/agent", path=(), line=None),
            waived(),
        ),
        notes=("the hosts are a marked sample",),
    )  # fmt: skip
    return verdict(changed, untouched=("lab",), notes=("the cache was written by another version: not used",))


def huge(count: int = 150_000) -> Verdict:
    """Every object of a large region changes, each a little differently."""
    changes = tuple(
        change(
            number,
            fields=(
                FieldChange(path="spec.template.spec.version", old="v1.35.1", new="v1.36.1"),
                FieldChange(path="metadata.labels.rack", old=f"r{number}", new=f"r{number + 1}"),
            ),
        )
        for number in range(1, count + 1)
    )
    stacks = tuple(StackDelta(name=f"{REGION}.train-a.{n}", update=32, resources=737) for n in range(count // 32))
    return verdict(region(changes=changes, stacks=stacks, findings=tuple(finding(line=n + 1) for n in range(2000))))
