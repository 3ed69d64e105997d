"""Network policies of tenants: all is denied by default, and none lets in, or reaches, more than their own."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network

from ...objects import labels
from ...objects.base import LABEL, Manifest
from .. import rule
from ..rule import Breach, Objects, ObjectView
from . import _manifests
from ._manifests import NAME_LABEL, Home

_METADATA = ipaddress.ip_address("169.254.169.254")
"""Link-local address where metadata services answer."""
_ANOTHER = "another tenant"
_OPEN_ENTITIES = {
    "ingress": frozenset({"all", "cluster", "world", "world-ipv4", "world-ipv6"}),
    "egress": frozenset({"all", "cluster", "world", "world-ipv4", "world-ipv6", "host", "remote-node"}),
}
"""Entities of Cilium that take in other tenants, the nodes, or every address."""
_NAMESPACE_KEYS = ("io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.")
"""Labels that Cilium gives to pods for their namespace, and the start of those of its labels. A selector without any
of them selects in the policy's own namespace only."""
_WIDE = {4: 8, 6: 7}
"""Shortest prefixes that lie in one network of somebody: 10.0.0.0/8 and fc00::/7. Two halves are every address too."""
_ADMIN = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
_CLUSTERWIDE = ("CiliumClusterwideNetworkPolicy", *_ADMIN)
"""Policies of a whole cluster: what they allow is allowed in tenants' namespaces too, whatever stands there."""
_EVERY_NAME = frozenset({"*", "**", "*.*"})
_NO_PEERS = frozenset({"toPorts", "icmps", "authentication"})


@rule.object_set(
    id="tenant-cross-traffic", area="isolation", severity="error", waivable=False,
    reason="allowances add up: one that is too wide opens a tenant to another, whatever the other policies say",
    remedy="name the tenant's own namespace or the service by label; cut other networks out of a wide range by except",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/ and "
    "https://docs.cilium.io/en/stable/security/policy/language/",
)  # fmt: skip
def tenant_cross_traffic(views: Objects) -> Iterator[Breach]:
    """Policies in tenants' namespaces, or of the whole cluster, that admit other tenants, every namespace or every
    address to a tenant."""
    homes = _manifests.homes(views)
    neighbours: dict[str, _Neighbours] = defaultdict(_Neighbours)
    for place, tenant_home in homes.items():
        neighbours[place[0]].add(tenant_home)
    for view in views.of_kind("NetworkPolicy", "CiliumNetworkPolicy") if homes else ():
        home = homes.get(_manifests.place(view))
        if home is None:
            continue
        strangers = _Strangers(neighbours[view.id.partition("/")[0]], home)
        peers = _peers(view, strangers) if view.kind == "NetworkPolicy" else _cilium_peers(view, strangers)
        if wide := list(dict.fromkeys(peers)):
            message = f"tenants do not reach each other: {view.kind} {view.name} of {view.namespace} allows "
            yield Breach(message=message + _manifests.listed(wide), subject=home.subject)
    for view in views.of_kind(*_CLUSTERWIDE) if homes else ():
        yield from _clusterwide(view, neighbours[view.id.partition("/")[0]])


def _clusterwide(view: ObjectView, neighbours: _Neighbours) -> Iterator[Breach]:
    """What a policy of a whole cluster allows tenants and should not; told of the first tenant that it selects."""
    for home in neighbours.homes:
        strangers = _Strangers(neighbours, home)
        peers = _admin_peers(view, home, strangers) if view.kind in _ADMIN else _everywhere(view, home, strangers)
        if wide := list(dict.fromkeys(peers)):
            message = f"tenants do not reach each other: {view.kind} {view.name} allows {home.tenant} "
            yield Breach(message=message + _manifests.listed(wide), subject=home.subject)
            return


def _everywhere(view: ObjectView, home: Home, strangers: _Strangers) -> Iterator[str]:
    """Peers that a CiliumClusterwideNetworkPolicy admits to a tenant; its selectors look into every namespace."""
    for spec in (view.spec, *(view.manifest.get("specs") or ())):
        chosen = spec.get("endpointSelector")
        if chosen is None or not _manifests.selects(_of_namespace(chosen), _as_endpoints(home).labels):
            continue
        for direction, start in (("ingress", "from"), ("egress", "to")):
            for peer_rule in spec.get(direction) or ():
                yield from _cilium_rule(direction, start, peer_rule, strangers)
                for selector in peer_rule.get(f"{start}Endpoints") or ():
                    if not _of_namespace(selector):
                        yield f"{direction} with pods of every namespace"


def _admin_peers(view: ObjectView, home: Home, strangers: _Strangers) -> Iterator[str]:
    """Peers that a policy of administrators lets past a tenant's own policies."""
    chosen = _namespaces(view.spec.get("subject") or {})
    if chosen is None or not _manifests.selects(chosen, home.labels):
        return
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for peer_rule in view.spec.get(direction) or ():
            for peer in (peer_rule.get(key) or ()) if peer_rule.get("action") in ("Allow", "Accept") else ():
                selector = _namespaces(peer)
                if selector is not None:
                    yield from _selected(direction, selector, strangers.that_may_match(selector))
                for cidr in peer.get("networks") or ():
                    yield from _addresses(direction, cidr, [], strangers)


def _namespaces(peer: Manifest) -> Manifest | None:
    """Selector of namespaces of a subject or peer in a policy of administrators; None if it selects none."""
    selector = peer.get("namespaces")
    if selector is None:
        selector = (peer.get("pods") or {}).get("namespaceSelector")
    return selector


class _Neighbours:
    """Tenants' namespaces of a cluster, and those that have a label, so that a policy does not look at each."""

    def __init__(self) -> None:
        self.homes: list[Home] = []
        self.by_label: dict[tuple[str, str], list[Home]] = defaultdict(list)

    def add(self, home: Home) -> None:
        """One more namespace."""
        self.homes.append(home)
        for pair in home.labels.items():
            self.by_label[pair].append(home)


class _Strangers:
    """Namespaces of all tenants of a cluster but one, and of one that is not there yet."""

    def __init__(self, neighbours: _Neighbours, home: Home) -> None:
        self._neighbours = neighbours
        self._home = home

    def __iter__(self) -> Iterator[Home]:
        return self._others(self._neighbours.homes)

    def that_may_match(self, selector: Manifest) -> Iterator[Home]:
        """Those that have one of the labels that a selector asks for; all if it asks for none."""
        pairs = [(key, value) for key, value in (selector.get("matchLabels") or {}).items() if isinstance(value, str)]
        lists = [self._neighbours.by_label.get(pair, []) for pair in pairs]
        return self._others(min(lists, key=len, default=self._neighbours.homes))

    def _others(self, homes: list[Home]) -> Iterator[Home]:
        yield from (home for home in homes if home.tenant != self._home.tenant)
        yield _stranger(self._home)


def _stranger(home: Home) -> Home:
    """A tenant like this one, so that a policy is judged the same before there is a second one."""
    marks = {**home.labels, labels.TENANT_NAMESPACE: _ANOTHER, NAME_LABEL: _ANOTHER}
    return Home(view=home.view, tenant=_ANOTHER, labels=marks)


def _peers(view: ObjectView, strangers: _Strangers) -> Iterator[str]:
    """What a NetworkPolicy allows and should not."""
    spec = view.spec
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for peer_rule in (spec.get(direction) or ()) if direction.capitalize() in types else ():
            if not peer_rule.get(key):
                yield f"{direction} {key} anywhere"
            for peer in peer_rule.get(key) or ():
                if peer.get("namespaceSelector") is not None:
                    selector = peer["namespaceSelector"]
                    yield from _selected(direction, selector, strangers.that_may_match(selector))
                if block := peer.get("ipBlock"):
                    yield from _addresses(direction, block.get("cidr", ""), block.get("except") or [], strangers)


def _selected(direction: str, selector: Manifest, strangers: Iterable[Home]) -> Iterator[str]:
    hit = [stranger.tenant for stranger in strangers if _manifests.selects(selector, stranger.labels)]
    if hit:
        yield f"{direction} with {_manifests.listed([name for name in hit if name != _ANOTHER] or hit)}"


def _addresses(direction: str, cidr: str, without: list[str], strangers: Iterable[Home]) -> Iterator[str]:
    block, cut = _network(cidr), [_network(text) for text in without]
    if block.prefixlen < _WIDE[block.version] and not cut:
        yield f"{direction} with every address ({cidr})"
        return
    if direction == "egress" and _METADATA in block and not any(_METADATA in hole for hole in cut):
        yield f"egress to the metadata service ({_METADATA} in {cidr})"
    for stranger in strangers:
        network = (stranger.view.metadata.get("annotations") or {}).get(f"{LABEL}/network")
        if network and stranger.tenant != _ANOTHER and _reaches(block, cut, _network(network)):
            yield f"{direction} with the network of {stranger.tenant} ({network} in {cidr})"


def _network(text: str) -> IPv4Network | IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _reaches(
    block: IPv4Network | IPv6Network, cut: list[IPv4Network | IPv6Network], network: IPv4Network | IPv6Network
) -> bool:
    inside = any(hole.version == network.version and _within(network, hole) for hole in cut)
    return block.version == network.version and block.overlaps(network) and not inside


def _within(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    return inner.network_address in outer and inner.broadcast_address in outer


def _cilium_peers(view: ObjectView, strangers: _Strangers) -> Iterator[str]:
    """What a CiliumNetworkPolicy allows and should not; its denials only take away."""
    for spec in (view.spec, *(view.manifest.get("specs") or ())):
        for direction, start in (("ingress", "from"), ("egress", "to")):
            for peer_rule in spec.get(direction) or ():
                yield from _cilium_rule(direction, start, peer_rule, strangers)


def _cilium_rule(direction: str, start: str, peer_rule: Manifest, strangers: _Strangers) -> Iterator[str]:
    if peer_rule and not any(key.startswith(start) and key not in _NO_PEERS for key in peer_rule):
        yield f"{direction} {start} anywhere"
    for entity in peer_rule.get(f"{start}Entities") or ():
        if entity in _OPEN_ENTITIES[direction]:
            yield f"{direction} with entity {entity}"
    for selector in peer_rule.get(f"{start}Endpoints") or ():
        if wanted := _of_namespace(selector):
            yield from _selected(direction, wanted, [_as_endpoints(other) for other in strangers])
    for cidr in peer_rule.get(f"{start}CIDR") or ():
        yield from _addresses(direction, cidr, [], strangers)
    for entry in peer_rule.get(f"{start}CIDRSet") or ():
        if "cidr" in entry:
            yield from _addresses(direction, entry["cidr"], entry.get("except") or [], strangers)
    if direction == "egress":
        yield from _cilium_egress(peer_rule, strangers)


def _cilium_egress(peer_rule: Manifest, strangers: _Strangers) -> Iterator[str]:
    """Peers of a way out only: nodes, names, services of other namespaces."""
    if peer_rule.get("toNodes"):
        yield "egress with nodes"
    for name in peer_rule.get("toFQDNs") or ():
        if name.get("matchPattern") in _EVERY_NAME:
            yield f"egress with every name ({name['matchPattern']})"
    owners = {stranger.labels[NAME_LABEL]: stranger.tenant for stranger in strangers}
    for service in peer_rule.get("toServices") or ():
        named = service.get("k8sService") or service.get("k8sServiceSelector") or {}
        if (owner := owners.get(named.get("namespace") or "")) is not None:
            yield f"egress with services of {owner}"


def _of_namespace(selector: Manifest) -> Manifest:
    """What a selector of endpoints says of their namespace; pods can have any other label. Empty if it says nothing."""
    pairs = {_bare(key): value for key, value in (selector.get("matchLabels") or {}).items()}
    expressions: list[Manifest] = [{"key": key, "operator": "In", "values": [value]} for key, value in pairs.items()]
    expressions += [
        {**expression, "key": _bare(expression.get("key", ""))} for expression in selector.get("matchExpressions") or ()
    ]
    kept = [expression for expression in expressions if expression["key"].startswith(_NAMESPACE_KEYS)]
    return {"matchExpressions": kept} if kept else {}


def _bare(key: str) -> str:
    return key.removeprefix("k8s:").removeprefix("any:")


def _as_endpoints(home: Home) -> Home:
    start = _NAMESPACE_KEYS[1]
    marks = {f"{start}{key}": value for key, value in home.labels.items()}
    return Home(view=home.view, tenant=home.tenant, labels={**marks, _NAMESPACE_KEYS[0]: home.labels[NAME_LABEL]})


@rule.object_set(
    id="tenant-default-deny", area="isolation", severity="error", waivable=False,
    reason="without it every pod of the cluster reaches the tenant's pods, and they reach every other tenant's",
    remedy="declare a NetworkPolicy with podSelector {}, policyTypes Ingress and Egress, and no rules, beside it",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/ (default deny all traffic)",
)  # fmt: skip
def tenant_default_deny(views: Objects) -> Iterator[Breach]:
    """Tenants' namespaces whose traffic is not denied by default."""
    homes = _manifests.homes(views)
    closed = {_manifests.place(view) for view in views.of_kind("NetworkPolicy") if _denies_all(view)}
    for place, home in homes.items():
        if place not in closed:
            message = f"a tenant's namespace denies all traffic by default: none of the policies of {place[1]} does"
            yield Breach(message=message, subject=home.subject)


def _denies_all(view: ObjectView) -> bool:
    spec = view.spec
    both_ways = {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())
    every = not any((spec.get("podSelector") or {}).values())
    return both_ways and every and not spec.get("ingress") and not spec.get("egress")
