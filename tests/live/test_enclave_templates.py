"""Attacks inside templates, on a real API server with its own controllers: what no pod may be, no template makes.

The object that holds a template is taken, since nothing of it runs; its controller, which is the platform's, is then
refused the pod, and says so in an event that the tenant reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import enclaves
from tests.live.people import ENGINEER, Server, identity

pytestmark = [pytest.mark.live, pytest.mark.slow]

STOCK = enclaves.load("stock")
HOLDERS = [("shared", "job"), ("shared", "statefulset"), ("dedicated", "replicaset")]
"""Kinds whose controllers make pods of a template, each in one tier: controllers are the same in both."""
TEMPLATE = "spec.template."
_MARKS = ("metadata.ownerReferences", "kueue.x-k8s.io/")
"""What controllers do not take from a template, or may set themselves."""


def attacks(tenant: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Attacks of pods that a template can carry: name, changes of the template, what the refusal says."""
    for name, case in enclaves.load("attacks")["pod"].items():
        attack = enclaves.told(case, enclaves.words(tenant))
        if not any(mark in str(attack["set"]) for mark in _MARKS):
            yield name, {f"{TEMPLATE}{path}": value for path, value in attack["set"].items()}, attack["says"]


@pytest.mark.parametrize(("tier", "kind"), HOLDERS)
def test_no_template_makes_what_no_pod_may_be(two_enclaves: Server, tier: str, kind: str) -> None:
    tenant = enclaves.TIERS[tier]
    who = identity(ENGINEER, tenant)
    enclaves.clean(two_enclaves, tenant)
    wanted = {}
    refused_at_once = {}
    for number, (name, change, says) in enumerate(attacks(tenant)):
        manifest = enclaves.changed(STOCK[kind], {"metadata.name": f"{kind}{number}", **change})
        if kind != "job":
            app = f"{kind}{number}"
            manifest = enclaves.changed(
                manifest, {"spec.selector.matchLabels": {"app": app}, f"{TEMPLATE}metadata.labels.app": app}
            )
        code, answer = two_enclaves.ask("POST", enclaves.path(manifest, tenant), manifest, who=who)
        if code == 201:
            wanted[f"{kind}{number}"] = (name, says)
        elif says not in str(answer):
            refused_at_once[name] = answer
    assert refused_at_once == {}
    assert len(wanted) > 20
    missing = _await(two_enclaves, tenant, wanted, who)
    pods = two_enclaves.ask("GET", f"/api/v1/namespaces/{tenant}/pods")[1]["items"]
    enclaves.clean(two_enclaves, tenant)
    assert missing == {}
    assert [pod["metadata"]["name"] for pod in pods] == []


def _await(
    server: Server, tenant: str, wanted: dict[str, tuple[str, str]], who: dict[str, Any], seconds: float = 60
) -> dict[str, list[str]]:
    """Attacks whose refusal did not come, with what events said of them instead."""
    deadline = time.monotonic() + seconds
    while True:
        said: dict[str, list[str]] = {}
        for event in server.ask("GET", f"/api/v1/namespaces/{tenant}/events", who=who)[1]["items"]:
            # Replica sets of a deployment are called by it and a hash.
            name = event["involvedObject"]["name"].partition("-")[0]
            said.setdefault(name, []).append(event["message"])
        missing = {
            name: said.get(key, [])
            for key, (name, says) in wanted.items()
            if not any(says in message for message in said.get(key, []))
        }
        if not missing or time.monotonic() > deadline:
            return missing
        time.sleep(0.5)
