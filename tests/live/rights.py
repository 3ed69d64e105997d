"""Every right that can be asked for, from an API server's own discovery, against what is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.live.people import ENGINEER, POD, Server

PLATFORM = "kube-system"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A verb on a kind in a place."""

    verb: str
    group: str
    resource: str
    """`resource` or `resource/subresource`."""
    namespace: str
    """Empty for all namespaces and for what has none."""

    @property
    def name(self) -> str:
        """As it is written down: `deployments/scale.apps`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def attempts(server: Server, tenant: str, other: str) -> Iterator[Attempt]:
    """All that can be asked of an API server, in the tenant's, another tenant's and the platform's namespace."""
    for group_version, group in _group_versions(server):
        _, found = server.ask("GET", group_version)
        for served in found["resources"]:
            places = (tenant, other, PLATFORM, "") if served["namespaced"] or served["name"] == "namespaces" else ("",)
            for verb in served["verbs"]:
                yield from (Attempt(verb, group, served["name"], place) for place in places)


def _group_versions(server: Server) -> Iterator[tuple[str, str]]:
    yield "/api/v1", ""
    _, found = server.ask("GET", "/apis")
    for group in found["groups"]:
        yield f"/apis/{group['preferredVersion']['groupVersion']}", group["name"]


def ask(server: Server, who: Mapping[str, Any], attempt: Attempt) -> bool:
    """Whether the API server's own authorization lets somebody do it."""
    resource, _, subresource = attempt.resource.partition("/")
    wanted = {
        "verb": attempt.verb, "group": attempt.group, "resource": resource, "subresource": subresource,
        "namespace": attempt.namespace,
    }  # fmt: skip
    if resource == "namespaces":
        wanted["name"] = attempt.namespace
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": who["user"], "groups": who["groups"], "resourceAttributes": wanted},
    }
    code, answer = server.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    assert code == 201, answer
    return bool(answer["status"]["allowed"])


def allowed(written: Mapping[str, Any], actor: str, tenant: str) -> Callable[[Attempt], bool]:
    """Whether an attempt is among the rights that are written down for an actor."""
    verbs = written["verbs"]

    def among(rights: Mapping[str, list[str]], attempt: Attempt) -> bool:
        return any(attempt.verb in verbs[kind] and attempt.name in names for kind, names in rights.items())

    def answer(attempt: Attempt) -> bool:
        own = attempt.namespace == tenant and actor != POD
        given = {"everyone": True, "own namespace": own, "names": actor != POD, "accounts": actor != ENGINEER}
        return any(mine and among(written[part], attempt) for part, mine in given.items())

    return answer
