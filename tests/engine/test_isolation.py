"""Tenants come to no cluster whose API server does not keep them apart, by neither engine; doctor says what it saw.

What real servers with and without the flags do stands in `tests/live/test_isolation_seen.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from ai_factory.infra.cli.region_run import RegionRun
from ai_factory.infra.engine import doctor, isolation
from ai_factory.infra.engine.declared import Parts
from ai_factory.infra.engine.progress import silent
from ai_factory.infra.objects import labels
from ai_factory.infra.objects.base import KubeObject
from ai_factory.infra.objects.region import stack_names
from tests.fake_api.clock import Clock
from tests.fake_api.faults import forbidden, unavailable
from tests.fake_api.server import FakeApi
from tests.objects.conftest import REGION, make_plan

from .harness import HOME, NAMESPACE, TARGET, RefusedError, Region, planned

TENANT = {"labels": {labels.TENANT_NAMESPACE: "acme", labels.ISOLATION: "shared"}}


def space(**metadata: Any) -> KubeObject:
    """A planned namespace."""
    item = planned("Namespace", "acme")
    item.manifest["metadata"].update(metadata)
    return item


def without_pod_security(api: FakeApi) -> None:
    del api.serving.admits["Namespace"]


def test_a_tenant_is_refused_before_anything_is_changed(region: Region) -> None:
    without_pod_security(region.api)
    with pytest.raises(RefusedError, match=r"mgmt: .* PodSecurity is off: .*--enable-admission-plugins=PodSec"):
        region.up(space(**TENANT))

    assert region.api.get("Namespace", "acme") is None
    assert region.api.get("Namespace", NAMESPACE) is None, "which is no tenant's, and in the same run"


def test_a_namespace_of_nobody_s_asks_for_nothing(region: Region) -> None:
    without_pod_security(region.api)
    region.up(space())
    assert region.api.get("Namespace", "acme") is not None


def test_a_server_that_keeps_tenants_apart_takes_them(region: Region) -> None:
    region.up(space(**TENANT))
    assert region.api.get("Namespace", "acme") is not None
    assert region.api.get("Namespace", "ai-factory-probe") is None


def test_what_may_not_be_asked_is_unseen_and_refuses_nobody(region: Region) -> None:
    region.api.inject("POST api/v1/namespaces$", forbidden("namespaces"))
    cluster = region.connect()
    seen = {sight.subject: sight for sight in isolation.sights(cluster, ["acme"])}
    assert seen["PodSecurity"].state == "unseen"
    assert "forbidden" in seen["PodSecurity"].detail
    assert isolation.faults(cluster, [space(**TENANT)]) == []


def test_a_policy_that_lets_all_pods_in_is_off(region: Region) -> None:
    api = region.api
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme", **TENANT}})
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
    cluster = region.connect()
    states = lambda: {sight.subject: sight.state for sight in isolation.sights(cluster, ["acme"])}  # noqa: E731
    assert states()["ValidatingAdmissionPolicy"] == "unseen", "no policy yet"
    api.create({**policy, "metadata": {"name": "tenant-pods.ai-factory.dev"}, "spec": {}})
    assert states()["ValidatingAdmissionPolicy"] == "on"
    del api.serving.admits["Pod"]
    assert states()["ValidatingAdmissionPolicy"] == "off"


def test_a_webhook_that_is_away_hangs_up_no_run(region: Region, clock: Clock) -> None:
    """Kueue's webhooks fail closed: a probe of theirs is answered late or never, and says nothing of plug-ins."""
    api = region.api
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme", **TENANT}})
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
    api.create({**policy, "metadata": {"name": "tenant-pods.ai-factory.dev"}, "spec": {}})
    api.inject("POST .*/pods$", unavailable())
    began = clock.now

    seen = {sight.subject: sight.state for sight in isolation.sights(region.connect(), ["acme"])}

    assert seen["ValidatingAdmissionPolicy"] == seen["PodNodeSelector"] == "unseen"
    assert isolation.faults(region.connect(), [space(**TENANT)]) == []
    assert clock.now - began < 60


def test_refusal_names_every_cluster_and_flag(region: Region) -> None:
    """As before the Pulumi engine applies."""
    without_pod_security(region.api)
    with pytest.raises(RefusedError) as caught:
        isolation.refuse({"mgmt": region.connect()}, {"mgmt": [space(**TENANT)]})
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize("apart", [True, False])
def test_the_pulumi_engine_is_held_back_as_well(region: Region, monkeypatch: pytest.MonkeyPatch, apart: bool) -> None:
    """An adopted cluster is looked at; one that is not built yet, which has no kubeconfig, can't be."""
    tenants = [*REGION["tenants"], {"name": "twins", "isolation": "shared", "gpus": 8, "cluster": "twin"}]
    plan = make_plan(tenants=tenants)
    monkeypatch.setenv("KUBECONFIG", str(region.file))
    twin = region.add("twin", FakeApi())
    if not apart:
        without_pod_security(twin)
    run = RegionRun(plan, stack_names(plan), None, silent, region.folder)
    if apart:
        run.refuse_unfit()
    else:
        with pytest.raises(RefusedError, match=r"^twin: its API server does not keep tenants apart, PodSecurity"):
            run.refuse_unfit()


@pytest.mark.parametrize("planned_tenants", [True, False])
def test_doctor_says_what_it_saw_where_tenants_are_planned(region: Region, planned_tenants: bool) -> None:
    without_pod_security(region.api)
    objects = [space(**TENANT) if planned_tenants else space()]
    parts = Parts({HOME: {TARGET: objects}})
    findings = [each for each in doctor.clusters(region.session(), parts) if "admission plug-in" in each.subject]
    states = {each.subject.rpartition(" ")[2]: (each.state, each.remedy) for each in findings}
    assert bool(findings) is planned_tenants
    if planned_tenants:
        assert states["PodSecurity"] == ("fault", "kube-apiserver --enable-admission-plugins=PodSecurity")
        assert states["PodNodeSelector"][0] == states["NodeRestriction"][0] == "note"
        unseen = [each for each in findings if each.detail.startswith("can't be seen")]
        assert len(unseen) == 4
