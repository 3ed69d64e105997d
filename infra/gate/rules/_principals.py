"""Who a binding of rights is for: which tenant's people or service accounts, by whatever name.

Kubernetes puts every service account of a namespace into the group `system:serviceaccounts:<namespace>`, and calls each
`system:serviceaccount:<namespace>:<name>` among users.
Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
"""

from __future__ import annotations

from collections.abc import Mapping

from ...objects.base import Manifest
from ..rule import Objects, ObjectView
from . import _manifests
from ._manifests import Home, Place

EVERYONE = frozenset({"system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"})
"""Groups and users that stand for whoever reaches the API server."""
_ACCOUNTS, _ACCOUNT = "system:serviceaccounts:", "system:serviceaccount:"


def subjects(view: ObjectView) -> list[Manifest]:
    """Subjects of a binding."""
    return view.manifest.get("subjects") or []


def _namespace(subject: Manifest) -> str:
    """Namespace of the service accounts that a subject stands for; empty if it stands for none."""
    kind, name = subject.get("kind"), str(subject.get("name") or "")
    if kind == "ServiceAccount":
        return str(subject.get("namespace") or "")
    if kind == "Group" and name.startswith(_ACCOUNTS):
        return name.removeprefix(_ACCOUNTS)
    return name.removeprefix(_ACCOUNT).partition(":")[0] if kind == "User" and name.startswith(_ACCOUNT) else ""


class Tenants:
    """Whose a subject is, among the tenants of a set of objects."""

    def __init__(self, views: Objects, homes: Mapping[Place, Home]) -> None:
        self._homes = homes
        self._people: dict[tuple[str, str, str], Home] = {}
        for view in views.of_kind("RoleBinding"):
            if home := homes.get(_manifests.place(view)):
                target = view.id.partition("/")[0]
                people = ((str(s.get("kind")), str(s.get("name") or "")) for s in subjects(view) if not _namespace(s))
                self._people.update({(target, *who): home for who in people if who[1] not in EVERYONE})

    def account(self, view: ObjectView, subject: Manifest) -> Home | None:
        """Tenant of the service accounts that a subject of a binding stands for."""
        return self._homes.get((view.id.partition("/")[0], _namespace(subject)))

    def of(self, view: ObjectView, subject: Manifest) -> Home | None:
        """Tenant of a subject of a binding: of its service accounts, or a group or user that works in its namespace."""
        who = (view.id.partition("/")[0], str(subject.get("kind")), str(subject.get("name") or ""))
        return self.account(view, subject) or self._people.get(who)
