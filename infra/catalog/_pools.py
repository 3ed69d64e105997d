"""The company-wide pools that every region's addresses and numbers come from."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Self

from pydantic import Field, model_validator

from ._models import Entry, Grade

_UNIQUE_LOCAL = IPv6Network("fc00::/7")
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""RFC 1918 and RFC 6598."""
_Asn = Annotated[int, Field(ge=64_512, le=4_294_967_294)]
_Vni = Annotated[int, Field(ge=1, le=16_777_214)]


class Pools(Entry):
    """What may be given to regions, and by which rules."""

    underlay_v4: tuple[IPv4Network, ...] = Field(min_length=1)
    """IPv4 ranges for `addressing.underlay_v4`, in the order they are used."""
    oob_v4: tuple[IPv4Network, ...] = Field(min_length=1)
    """IPv4 ranges for `addressing.oob_v4`; may be the same ranges."""
    ula_v6: tuple[IPv6Network, ...] = Field(min_length=1)
    """Unique local IPv6 ranges (RFC 4193); each region gets a /48."""
    asns: tuple[_Asn, _Asn]
    """First and last private AS number (RFC 6996)."""
    vnis: tuple[_Vni, _Vni]
    """First and last VXLAN network identifier."""
    room: float = Field(ge=1, le=16)
    """A block is made for this many times what the region asks for, and rounded up to a power of two."""
    whole_share: int = Field(ge=2, le=1_000_000)
    """A region gets IPv4 for everything while that takes at most one part in this many of the IPv4 that is left."""
    tenants: int = Field(ge=1, le=10_000)
    """Tenants that every region has room for."""
    warn_below: int = Field(ge=1, le=1000)
    """Warn when fewer regions of the largest size than this still fit."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("asns", "vnis"):
            first, last = getattr(self, name)
            if first > last:
                raise ValueError(f"{name}: {first} to {last} runs backwards")
        for name in ("underlay_v4", "oob_v4"):
            public = [str(pool) for pool in getattr(self, name) if not any(pool.subnet_of(p) for p in _PRIVATE)]
            if public:
                raise ValueError(f"{name}: {', '.join(public)} is not private; use {', '.join(map(str, _PRIVATE))}")
        large = [
            str(network) for network in self.ula_v6 if network.prefixlen > 48 or not network.subnet_of(_UNIQUE_LOCAL)
        ]
        if large:
            raise ValueError(f"ula_v6: {', '.join(large)} holds no unique local /48; use a range of fd00::/8")
        return self


class PoolsEntry(Pools):
    """The catalogue's own pools, with grade and source of each."""

    grade: dict[str, Grade]
    source: dict[str, str]

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        names = set(Pools.model_fields)
        if names != set(self.grade) or names != set(self.source):
            raise ValueError("every pool and rule needs a grade and a source")
        return self
