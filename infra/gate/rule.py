"""What a rule is, and what each kind of rule looks at. Adding a rule is a function and a folder of cases.

A rule is a plain generator function below `rules/`, registered by a decorator that names its scope:

    @rule.region(
        id="lock-complete", area="addresses", severity="error",
        reason="hardware is cabled by these numbers", remedy="run `aifactory allocate` and commit the new lines",
        source="docs/adr/0003-allocations.md",
    )
    def lock_complete(view: RegionView) -> Iterator[Breach]: ...
"""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, Literal, TypeVar, overload

from ..objects.base import Manifest
from ..plan.model import ClusterPlan, RegionPlan
from ..plan.regions import Loaded
from . import limits
from .bounds import in_force
from .records import Blast, Change, ClusterFacts, Outline, Path_, ShardHead

_T = TypeVar("_T")
Severity = Literal["error", "warning", "note"]
Scope = Literal["input", "region", "cluster", "object", "set", "change", "fleet"]
AREAS = (
    "capacity", "power", "cooling", "fabric", "domain", "addresses", "isolation", "residency", "secrets", "versions",
    "images", "disruption", "destruction", "stacks", "storage", "shape",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What a rule yields for one breach."""

    message: str
    """The rule, then what was observed."""
    subject: str = ""
    """What it is about, such as `tenant/acme`; the region, or the object at hand, if left out."""
    path: Path_ = ()
    """Place in the region file, by the names of list items: `("clusters", "train-a", "racks")`."""
    remedy: str = ""
    """How to mend it; the rule's own remedy if left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionView:
    """A whole region, without its hosts and objects."""

    loaded: Loaded
    plan: RegionPlan
    """Racks have no hosts here."""
    shards: Mapping[str, ShardHead]
    """All shards by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """One cluster with its hosts; the plan holds this cluster only, and of its tenants whose racks are whose."""

    plan: RegionPlan
    cluster: ClusterPlan


class _Once(Generic[_T]):
    """A property that is computed when it is first read and stands in the object from then on.

    `functools.cached_property` takes a lock before Python 3.12, which costs more than what is looked up here.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _Once[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> _T | _Once[_T]:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.compute(instance)
        return value


@dataclass(frozen=True, kw_only=True)
class ObjectView:
    """One object, from a plan or from an engine's preview. What forty rules ask of it is looked up once."""

    id: str
    manifest: Manifest
    protect: bool
    """Whether the engine refuses to delete it."""

    @_Once
    def kind(self) -> str:
        """Its kind."""
        return str(self.manifest.get("kind", ""))

    @_Once
    def group(self) -> str:
        """Its API group; empty for the core group."""
        return str(self.manifest.get("apiVersion", "")).rpartition("/")[0]

    @_Once
    def name(self) -> str:
        """Its name."""
        return str(self.metadata.get("name", ""))

    @_Once
    def namespace(self) -> str:
        """Its namespace; empty for a cluster-scoped object."""
        return str(self.metadata.get("namespace") or "")

    @_Once
    def metadata(self) -> Manifest:
        """Its metadata."""
        return self.manifest.get("metadata") or {}

    @_Once
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.metadata.get("labels") or {}

    @_Once
    def spec(self) -> Manifest:
        """Its spec, empty if it has none."""
        return self.manifest.get("spec") or {}


class Objects(Sequence[ObjectView]):
    """Objects that are declared together: a shard, or a stack in an engine's preview."""

    def __init__(self, views: Iterable[ObjectView]) -> None:
        self._views = tuple(views)
        self._places: dict[str, list[int]] = {}
        for number, view in enumerate(self._views):
            self._places.setdefault(view.kind, []).append(number)

    def of_kind(self, *kinds: str) -> list[ObjectView]:
        """Those of some kinds, in their order."""
        places = chain.from_iterable(self._places.get(kind, ()) for kind in kinds)
        return [self._views[number] for number in (places if len(kinds) == 1 else sorted(places))]

    def but_not(self, kinds: Collection[str]) -> list[ObjectView]:
        """Those of all other kinds, in their order."""
        return self.of_kind(*(kind for kind in self._places if kind not in kinds))

    def __iter__(self) -> Iterator[ObjectView]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    @overload
    def __getitem__(self, index: int) -> ObjectView: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ObjectView]: ...
    def __getitem__(self, index: int | slice) -> ObjectView | Sequence[ObjectView]:
        return self._views[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """What a pull request does to one region."""

    region: str
    base: Outline | None
    """None for a new region, and where the change comes from an engine's preview."""
    head: Outline | None
    """None for a region that is removed, and where the change comes from an engine's preview."""
    changes: tuple[Change, ...]
    blast: Blast
    today: datetime.date
    approvals: tuple[Mapping[str, str], ...] = ()
    """Of the head, or of the base where the region is removed; as `spec.Approval` has them."""
    waiting: frozenset[int] = frozenset()
    """Numbers of the approvals that do not count yet: they come with the change, and must stand on the base first."""
    used: set[int] = field(default_factory=set)
    """Numbers of the approvals that something was let pass by."""

    def approved(self, action: str, *subjects: str) -> bool:
        """Whether an approval in force covers an action on any of these names."""
        covers = {
            "delete": ("delete",),
            "replace": ("delete", "replace"),
            "drain": ("delete", "replace", "drain"),
            "unjudged": ("unjudged",),
        }
        covered = False
        for number, approval in enumerate(self.approvals):
            fits = approval["action"] in covers[action] and any(
                matches(subject, approval["subject"]) for subject in subjects
            )
            if fits and number not in self.waiting and in_force(approval, self.today):
                self.used.add(number)
                covered = True
        return covered

    def clusters_that_stay(self) -> Iterator[tuple[ClusterFacts, ClusterFacts]]:
        """Clusters that are on both sides, as they were and as they are to be."""
        if self.base is None or self.head is None:
            return
        after = {cluster.name: cluster for cluster in self.head.clusters}
        yield from ((cluster, after[cluster.name]) for cluster in self.base.clusters if cluster.name in after)


def matches(subject: str, pattern: str) -> bool:
    """Whether the subject of a rule's breach fits a pattern, as waivers and approvals have them; only `*` is special.

    >>> matches("tenant/acme", "tenant/*"), matches("tenant/acme", "tenant/acm")
    (True, False)
    """
    return fnmatch.fnmatchcase(subject, pattern.replace("[", "[[]").replace("?", "[?]"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule."""

    id: str
    """Lower case with dashes; never changes, since waivers name it."""
    scope: Scope
    area: str
    severity: Severity
    reason: str
    """Why there is such a rule: what goes wrong without it."""
    remedy: str
    source: str
    """Where the rule comes from: a public document, or a decision record of this package."""
    cannot_see: str = ""
    """What it can't see (`limits.yaml`), so that nobody takes its silence for more; never empty once registered."""
    waivable: bool = True
    check: Callable[[Any], Iterator[Breach]] | None = None
    """None for rules of scope `input`: planning itself finds those."""
    kinds: frozenset[str] | None = None
    """Kinds that a rule of scope `object` looks at, and is never asked about others; None for all. Tens of thousands of
    objects times forty rules are what a gate spends its time on."""
    but_not: frozenset[str] = frozenset()
    """Kinds that a rule of scope `object` on all others is never asked about."""


RULES: dict[str, Rule] = {}
"""All rules by id; importing `gate.rules` fills it."""


def _register(scope: Scope) -> Callable[..., Callable[[Any], Any]]:
    def described(
        *,
        id: str,
        area: str,
        severity: Severity,
        reason: str,
        remedy: str,
        source: str,
        waivable: bool = True,
        kinds: Collection[str] | None = None,
        but_not: Collection[str] = (),
    ) -> Callable[[Any], Any]:
        def decorate(check: Any) -> Any:
            if id in RULES:
                raise ValueError(f"the rule {id} is there twice")
            if area not in AREAS:
                raise ValueError(f"the rule {id} is of no known area: {area}")
            RULES[id] = Rule(
                id=id, scope=scope, area=area, severity=severity, reason=reason, remedy=remedy, source=source,
                cannot_see=limits.of_rule(id), waivable=waivable, check=check,
                kinds=None if kinds is None else frozenset(kinds), but_not=frozenset(but_not),
            )  # fmt: skip
            return check

        return decorate

    return described


region = _register("region")
cluster = _register("cluster")
each_object = _register("object")
object_set = _register("set")
change = _register("change")
fleet = _register("fleet")
found_by_planning = _register("input")
"""For faults that planning finds: call the result with None. `spec.problems.Problem.rule` names it."""


def rules_of_scope(scope: Scope) -> list[Rule]:
    """All registered rules of a scope, such as `object` or `change`, by id."""
    return [RULES[name] for name in sorted(RULES) if RULES[name].scope == scope]
