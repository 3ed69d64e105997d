"""The objects: legal for the real definitions, nothing secret in them, the right fields for order and approval."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ai_factory.infra.fleet import files, objects
from ai_factory.infra.fleet.order import arrange
from ai_factory.infra.fleet.settings import Fleet
from ai_factory.infra.objects.region import stack_names
from tests import schema
from tests.fleet.conftest import COMMIT, SETTINGS, big, examples, settings
from tests.objects.conftest import make_plan

pytestmark = pytest.mark.slow

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "cloud": {
        "backend": "https://api.pulumi.example",
        "organization": "acme",
        "project": "factory",
        "secrets": {"PULUMI_ACCESS_TOKEN": {"secret": "pulumi", "key": "accessToken"}},
    },
    "branch": {
        "source": {
            "repo": "git@git.example:factory.git", "branch": "main", "folder": "factory",
            "ssh_key": {"secret": "git", "key": "id"},
        }
    },
    "token": {"source": SETTINGS["source"] | {"token": {"secret": "git", "key": "token"}}},
    "keys": {"secrets": {}, "secrets_provider": "awskms://alias/state", "correct_drift": True, "refresh": True},
}  # fmt: skip


def made(fleet: Fleet) -> list[dict[str, Any]]:
    plans = [*examples(), make_plan(layout="split"), big(700, 90)]
    return [*objects.identity_objects(fleet), *objects.stack_objects(plans, fleet)]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_object_is_valid_for_the_real_definitions(name: str) -> None:
    schema.crd_folder()
    manifests = made(settings(**VARIANTS[name]))
    assert len(manifests) > 60
    assert [fault for one in manifests for fault in schema.validate(one)] == []


def spec_of(plan: Any, fleet: Fleet, stack: str) -> Any:
    (found,) = [one for one in objects.stack_objects([plan], fleet) if one["spec"]["stack"].endswith(stack)]
    return found["spec"]


def test_a_stack_object_whole() -> None:
    plan = make_plan(layout="split")
    (found,) = [one for one in objects.stack_objects([plan], settings()) if one["spec"]["stack"] == "kr-test.train.0"]
    mount = {"name": "kubeconfig", "mountPath": "/var/run/ai-factory/kubeconfig", "readOnly": True}
    assert found == {
        "apiVersion": "pulumi.com/v1",
        "kind": "Stack",
        "metadata": {
            "name": "kr-test-train-0",
            "namespace": "ai-factory-fleet",
            "labels": {
                "app.kubernetes.io/managed-by": "ai-factory",
                "ai-factory.dev/region": "kr-test",
                "ai-factory.dev/wave": "production",
            },
        },
        "spec": {
            "stack": "kr-test.train.0",
            "backend": "s3://state",
            "projectRepo": "https://git.example/factory.git",
            "commit": COMMIT,
            "envRefs": {
                "KUBECONFIG": {"type": "Literal", "literal": {"value": "/var/run/ai-factory/kubeconfig/config"}},
                "PULUMI_SKIP_UPDATE_CHECK": {"type": "Literal", "literal": {"value": "true"}},
                "PULUMI_CONFIG_PASSPHRASE": {
                    "type": "Secret", "secret": {"name": "pulumi-state", "key": "passphrase"},
                },
            },
            "prerequisites": [{"name": "kr-test"}],
            "preview": True,
            "refresh": False,
            "continueResyncOnCommitMatch": False,
            "resyncFrequencySeconds": 600,
            "destroyOnFinalize": False,
            "serviceAccountName": "ai-factory-workspace",
            "workspaceReclaimPolicy": "Delete",
            "workspaceTemplate": {
                "spec": {
                    "image": "registry.example/workspace:1",
                    "securityProfile": "restricted",
                    "resources": {
                        "requests": {"cpu": "500m", "memory": "2048Mi"}, "limits": {"memory": "2048Mi"},
                    },
                    "podTemplate": {
                        "spec": {
                            "containers": [{"name": "pulumi", "volumeMounts": [mount]}],
                            "volumes": [{"name": "kubeconfig", "secret": {"secretName": "kubeconfig-kr-test"}}],
                        }
                    },
                }
            },
        },
    }  # fmt: skip


def test_no_literal_but_paths_and_switches() -> None:
    values = {
        ref["literal"]["value"]
        for one in objects.stack_objects(examples(), settings())
        for ref in one["spec"]["envRefs"].values()
        if ref["type"] == "Literal"
    }
    assert values == {"/var/run/ai-factory/kubeconfig/config", "true"}


def test_branch_or_commit_never_both() -> None:
    plan = make_plan()
    assert "branch" not in spec_of(plan, settings(), "kr-test")
    branch = spec_of(plan, settings(**VARIANTS["branch"]), "kr-test")
    assert (branch["branch"], branch["repoDir"], "commit" in branch) == ("main", "factory", False)
    assert spec_of(plan, settings(**VARIANTS["branch"]).at(COMMIT), "kr-test")["commit"] == COMMIT


def test_cloud_stacks_bear_organisation_and_project() -> None:
    assert spec_of(make_plan(), settings(**VARIANTS["cloud"]), "kr-test")["stack"] == "acme/factory/kr-test"


def test_only_the_gate_between_waves_asks_for_an_age() -> None:
    fleet = settings(succeeded_within_hours=6)
    manifests = objects.stack_objects(examples(), fleet)
    gated = {
        one["metadata"]["name"]: one["spec"]["prerequisites"]
        for one in manifests
        if any("requirement" in need for need in one["spec"].get("prerequisites", []))
    }
    behind = [{"name": "kr-haein-haein-t0", "requirement": {"succeededWithinDuration": "6h"}}]
    assert gated == {"kr-dsx-1": behind, "kr-ulsan": behind}
    assert [one["metadata"]["name"] for one in manifests if "prerequisites" not in one["spec"]] == ["kr-haein"]


def test_a_sample_goes_to_a_sandbox_only() -> None:
    assert spec_of(examples()[0], settings(), "kr-dsx-1")["config"] == {"ai-factory:sandbox": "true"}
    assert "config" not in spec_of(make_plan(), settings(), "kr-test")


def test_the_workspaces_may_review_tokens_and_nothing_else() -> None:
    account, binding = objects.identity_objects(settings())
    assert binding["roleRef"]["name"] == "system:auth-delegator"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account["metadata"]["name"], "namespace": account["metadata"]["namespace"]}
    ]


def test_files_hold_every_object_once_in_an_order_that_can_be_applied() -> None:
    fleet = settings(source=SETTINGS["source"] | {"token": {"secret": "git", "key": "token"}})
    texts = files.files(arrange(examples(), fleet), fleet)
    assert list(texts) == sorted(texts, key=lambda name: (name == "_order.txt", name))
    assert texts == files.files(arrange(reversed(examples()), fleet), fleet)
    seen: set[str] = set()
    for name, text in texts.items():
        for one in yaml.safe_load_all(text) if name.endswith(".yaml") else ():
            if one["kind"] == "Stack":
                assert {need["name"] for need in one["spec"].get("prerequisites", ())} <= seen
                seen.add(one["metadata"]["name"])
    assert len(seen) == sum(len(stack_names(plan)) for plan in examples())
    head = texts["00-fleet.yaml"]
    for line in ("Secret ai-factory-fleet/git with token", 'MAX_CONCURRENT_RECONCILES, value: "8"'):
        assert line in head
    assert "Secret ai-factory-fleet/kubeconfig-kr-ulsan with config" in texts["02-kr-ulsan.yaml"]
    assert "physical-a" in texts["02-kr-ulsan.yaml"].partition("---")[0]


def test_files_of_some_regions_keep_the_order_of_all() -> None:
    fleet = settings()
    waves = arrange(examples(), fleet)
    some, whole = files.files(waves, fleet, ["kr-ulsan"]), files.files(waves, fleet)
    assert list(some) == ["00-fleet.yaml", "02-kr-ulsan.yaml", "_order.txt"]
    assert some["02-kr-ulsan.yaml"] == whole["02-kr-ulsan.yaml"]
