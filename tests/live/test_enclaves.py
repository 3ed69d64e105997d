"""Attacks out of an enclave and the first day in one, as data, on a real API server: what each actor of each tier gets.

`enclave/stock.yaml` has what an engineer would apply, `attacks.yaml` changes of it that must be refused,
`day_one.yaml` what must work, `forbidden.yaml` acts that must not, and `rights.yaml` who may do what: of everything
that the API server says it serves, nothing else is allowed.

Attempts are generated over kind, verb, actor and tier; a test is a tier and an actor, and says all that went otherwise.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.live import enclaves, rights
from tests.live.conftest import eventually
from tests.live.people import ACTORS, CI, ENGINEER, Server, controller, identity

pytestmark = [pytest.mark.live, pytest.mark.slow]

STOCK = enclaves.load("stock")
ATTACKS, ALLOWED = (
    [(kind, name, case) for kind, cases in enclaves.load(file).items() for name, case in cases.items()]
    for file in ("attacks", "allowed")
)
HELD = ("pod", "claim", "deployment", "statefulset", "jobset", "job")
"""Kinds that forbidden acts are tried on."""
WORKERS = (ENGINEER, CI)
"""Actors who may make things; a pod's own account may do nothing at all."""
EACH = pytest.mark.parametrize(("tier", "actor"), list(itertools.product(enclaves.TIERS, WORKERS)))


def refusal(done: tuple[int, Any]) -> str:
    """Why something was refused, empty if it was not."""
    code, answer = done
    return "" if code in {200, 201} else str(answer["message"])


@EACH
def test_stock_is_taken(two_enclaves: Server, tier: str, actor: str) -> None:
    tenant = enclaves.TIERS[tier]
    who = identity(actor, tenant)
    refused = {
        kind: refusal(two_enclaves.ask("POST", enclaves.path(stock, tenant), stock, who=who, dryRun="All"))
        for kind, stock in STOCK.items()
    }
    assert {kind: why for kind, why in refused.items() if why} == {}


@EACH
def test_what_the_rules_leave_open_is_taken(two_enclaves: Server, tier: str, actor: str) -> None:
    tenant = enclaves.TIERS[tier]
    refused = {}
    for kind, name, case in ALLOWED:
        if case.get("tier", tier) == tier:
            manifest = enclaves.changed(STOCK[kind], enclaves.told(case["set"], enclaves.words(tenant)))
            path = enclaves.path(manifest, tenant)
            refused[f"{kind}: {name}"] = refusal(
                two_enclaves.ask("POST", path, manifest, who=identity(actor, tenant), dryRun="All")
            )
    assert {name: why for name, why in refused.items() if why} == {}


@EACH
def test_attacks_by_new_objects_are_refused(two_enclaves: Server, tier: str, actor: str) -> None:
    tenant = enclaves.TIERS[tier]
    got = {}
    for kind, name, case in ATTACKS:
        attack = enclaves.told(case, enclaves.words(tenant))
        if attack.get("new", True) is False:
            continue
        manifest = enclaves.changed(STOCK[kind], attack["set"])
        path = enclaves.path(manifest, tenant)
        who = controller(attack["by"]) if "by" in attack else identity(actor, tenant)
        why = refusal(two_enclaves.ask("POST", path, manifest, who=who, dryRun="All"))
        if not why or attack["says"] not in why:
            got[f"{kind}: {name}"] = why or "taken"
    assert got == {}


@EACH
def test_attacks_by_changes_are_refused(two_enclaves: Server, tier: str, actor: str) -> None:
    """The same on objects that exist: what was good when it was made may not become an attack."""
    tenant = enclaves.TIERS[tier]
    who = identity(actor, tenant)
    got = {}
    with enclaves.standing(
        two_enclaves, tenant, {kind: STOCK[kind] for kind, _, case in ATTACKS if case.get("update")}
    ):
        for kind, name, case in ATTACKS:
            if not case.get("update"):
                continue
            attack = enclaves.told(case, enclaves.words(tenant))
            path = enclaves.path(STOCK[kind], tenant, enclaves.STANDING)
            change = enclaves.changed({}, attack["set"])
            why = refusal(two_enclaves.ask("PATCH", path, change, who=who, dryRun="All"))
            if not why or attack["says"] not in why:
                got[f"{kind}: {name}"] = why or "taken"
    assert got == {}


@EACH
def test_the_first_day_works(two_enclaves: Server, tier: str, actor: str) -> None:
    tenant = enclaves.TIERS[tier]
    got = {}
    enclaves.clean(two_enclaves, tenant)
    for raw in enclaves.load("day_one"):
        act = enclaves.told(raw, enclaves.words(tenant))
        code, answer = enclaves.do(two_enclaves, act, STOCK, tenant, identity(actor, tenant))
        if code not in ({act["code"]} if "code" in act else {200, 201, 204}):
            got[act["act"]] = answer
    assert got == {}


@EACH
def test_what_a_controller_made_is_its_own(two_enclaves: Server, tier: str, actor: str) -> None:
    """Kueue judges the top of a chain of owners, so what hangs below it may not be made another."""
    tenant = enclaves.TIERS[tier]
    enclaves.clean(two_enclaves, tenant)
    stock = STOCK["deployment"]
    who = identity(actor, tenant)
    assert two_enclaves.ask("POST", enclaves.path(stock, tenant), stock, who=who)[0] == 201
    sets = enclaves.path(STOCK["replicaset"], tenant)
    [below] = eventually(lambda: two_enclaves.ask("GET", sets)[1]["items"])
    place = f"{sets}/{below['metadata']['name']}"
    ungated = {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}
    assert "a controller made this" in refusal(two_enclaves.ask("PATCH", place, ungated, who=who, dryRun="All"))
    pods = enclaves.path(STOCK["pod"], tenant)
    [pod] = eventually(lambda: two_enclaves.ask("GET", pods)[1]["items"])
    place_of_pod = f"{pods}/{pod['metadata']['name']}"
    for value in (None, "b"):
        released = {"metadata": {"labels": {"app": value}}}
        why = refusal(two_enclaves.ask("PATCH", place_of_pod, released, who=who, dryRun="All"))
        assert "labels tell a controller" in why
    labelled = {"metadata": {"labels": {"team": "a"}}}
    for one in (place, place_of_pod):
        assert refusal(two_enclaves.ask("PATCH", one, labelled, who=who, dryRun="All")) == ""


@pytest.mark.parametrize(
    ("template", "says"), [({}, "Kueue has not seen"), ({"kueue.x-k8s.io/pod-suspending-parent": "deployment"}, "")]
)
def test_no_replica_set_is_adopted_ungated(two_enclaves: Server, template: dict[str, str], says: str) -> None:
    tenant = enclaves.SHARED
    enclaves.clean(two_enclaves, tenant)
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "1", "controller": True}
    bare = enclaves.changed(
        STOCK["replicaset"],
        {"spec.replicas": 0, "spec.template.metadata": {"labels": {"app": "stock"}, "annotations": template}},
    )
    sets = enclaves.path(bare, tenant)
    assert two_enclaves.ask("POST", sets, bare, who=identity(ENGINEER, tenant))[0] == 201
    who = controller("system:serviceaccount:kube-system:deployment-controller")
    done = two_enclaves.ask("PATCH", f"{sets}/stock", {"metadata": {"ownerReferences": [owner]}}, who=who, dryRun="All")
    assert (says in refusal(done)) if says else refusal(done) == ""


@pytest.mark.parametrize(("tier", "actor"), list(itertools.product(enclaves.TIERS, ACTORS)))
def test_forbidden_acts_are_refused(two_enclaves: Server, tier: str, actor: str) -> None:
    tenant = enclaves.TIERS[tier]
    got = {}
    with enclaves.standing(two_enclaves, tenant, {kind: STOCK[kind] for kind in HELD}):
        enclaves.schedule(two_enclaves, tenant)
        for raw in enclaves.load("forbidden"):
            act = enclaves.told(raw, enclaves.words(tenant))
            why = refusal(enclaves.do(two_enclaves, act, STOCK, tenant, identity(actor, tenant)))
            says = "cannot" if actor not in WORKERS else act["says"]
            if not why or says not in why:
                got[act["act"]] = why or "done"
    assert got == {}


@pytest.mark.parametrize(("tier", "actor"), list(itertools.product(enclaves.TIERS, ACTORS)))
def test_rights_are_those_that_are_written_down(two_enclaves: Server, tier: str, actor: str) -> None:
    """Every verb of everything that the API server serves, in the own, another's and the platform's namespace."""
    tenant = enclaves.TIERS[tier]
    attempts = list(rights.attempts(two_enclaves, tenant, enclaves.OTHER[tenant]))
    expected = rights.allowed(enclaves.load("rights"), actor, tenant)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda attempt: rights.ask(two_enclaves, identity(actor, tenant), attempt), attempts)
        wrong = {attempt: got for attempt, got in zip(attempts, answers, strict=True) if got != expected(attempt)}
    assert len(attempts) > 1000
    assert wrong == {}


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        (None, False),
        ([], False),
        ([{"namespaceSelector": {}}], False),
        ([{"namespaceRegexes": [".*"]}], False),
        ([{"namespaces": ["ai-factory-storage"]}, {"namespaceSelector": {}}], False),
        ([{"namespaces": ["ai-factory-storage"]}], True),
    ],
)
def test_a_secret_store_of_the_cluster_names_who_may_use_it(
    two_enclaves: Server, conditions: list[Any] | None, taken: bool
) -> None:
    vault = {
        "server": "https://vault.internal",
        "path": "secret",
        "auth": {"tokenSecretRef": {"name": "t", "key": "t"}},
    }
    spec = {"provider": {"vault": vault}, **({} if conditions is None else {"conditions": conditions})}
    store = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ClusterSecretStore",
        "metadata": {"name": "storage"},
        "spec": spec,
    }
    why = refusal(two_enclaves.ask("POST", enclaves.path(store, None), store, dryRun="All"))
    assert (why == "") is taken
    assert taken or "names the namespaces" in why


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        (None, True),
        ({"maxSize": "2G", "maxObjects": "1000"}, True),
        ({"bucketOwner": "gov-llm"}, False),
        ({"maxSize": "2G", "bucketPolicy": "{}"}, False),
        ({"bucketLifecycle": "{}"}, False),
    ],
)
def test_a_bucket_is_its_claims_own(two_enclaves: Server, settings: dict[str, str] | None, taken: bool) -> None:
    claim = {
        "apiVersion": "objectbucket.io/v1alpha1",
        "kind": "ObjectBucketClaim",
        "metadata": {"name": "b"},
        "spec": {"storageClassName": "buckets", "generateBucketName": "b"},
    }
    claim = enclaves.changed(claim, {} if settings is None else {"spec.additionalConfig": settings})
    why = refusal(two_enclaves.ask("POST", enclaves.path(claim, enclaves.SHARED), claim, dryRun="All"))
    assert (why == "") is taken
    assert taken or "a bucket is its claim's own" in why
