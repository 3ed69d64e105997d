"""Field types and the base class shared by every model of the region file."""

from __future__ import annotations

import collections
import ipaddress
from typing import Annotated, Any

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from . import characters
from .credentials import refuse_in_url


class Model(BaseModel):
    """Frozen, refuses unknown keys, and takes a number only where a number is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def not_bool(value: Any) -> Any:
    """Refuse what is no bare number in the region file: YAML reads `yes` as true, which pydantic would make 1."""
    if isinstance(value, bool):
        raise ValueError("a number is expected, not yes/no")
    if isinstance(value, str) and value.strip().replace(".", "", 1).isdigit():
        raise ValueError("a number is expected; write it without quotes")
    if isinstance(value, str):
        raise ValueError("a bare number is expected: the unit is part of the field's name")
    return value


def _network(version: int) -> Any:
    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"an IPv{version} network such as {_EXAMPLE[version]} is expected")
        try:
            network = ipaddress.ip_network(value)
        except ValueError as error:
            raise ValueError(f"not an IPv{version} network ({error}); write it like {_EXAMPLE[version]}") from None
        if network.version != version:
            raise ValueError(f"an IPv{version} network such as {_EXAMPLE[version]} is expected")
        return network

    return parse


_EXAMPLE = {4: "10.64.0.0/16", 6: "fd12:3456:789a::/48"}


def _network_schema(version: int) -> Any:
    return pydantic.WithJsonSchema(
        {"type": "string", "format": f"ipv{version}network", "examples": [_EXAMPLE[version]]}
    )


def _text(value: Any) -> Any:
    """YAML reads NO (Norway), 1.36 or 0x1 as other types; say so instead of guessing the text back."""
    if not isinstance(value, str):
        raise ValueError("text is expected; put it in quotes")
    if value != value.strip():
        raise ValueError("begins or ends with a space, which nobody sees; remove it")
    return value


def _word(value: str) -> str:
    if strange := characters.beyond_ascii(value):
        raise ValueError(f"has the character {strange}, which can pass for another one; names are written in ASCII")
    return value


def _group(value: str) -> str:
    if "*" in value:
        raise ValueError("a group is named in full: nothing takes * for all groups; name each one")
    if strange := characters.FOREIGN.search(value):
        raise ValueError(
            f"has the character {characters.name(strange[0])}, which can pass for another one; "
            "groups are written in ASCII, Hangul, kana or Han"
        )
    return value


# Bounds stand before the validators: pydantic writes only those that touch the type into the JSON Schema.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_text)]
Word = Annotated[Text, AfterValidator(_word)]
"""Text that names something elsewhere: a context, a catalogue id, a rule, an argument."""
Visible = AfterValidator(_word)
NoCredentials = AfterValidator(refuse_in_url)
"""For URLs, beside their pattern."""
Group = Annotated[Text, AfterValidator(_group)]
"""Group of an identity provider."""
_LABEL = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
Name = Annotated[str, StringConstraints(pattern=_LABEL, max_length=40), BeforeValidator(_text)]
"""A Kubernetes label (RFC 1035) short enough that names derived from it stay within 63 characters."""
ShortName = Annotated[str, StringConstraints(pattern=_LABEL, max_length=30), BeforeValidator(_text)]
"""The same for names that are joined with another one."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), BeforeValidator(_text)]
"""ISO 3166-1 alpha-2."""
Version = Annotated[str, StringConstraints(pattern=r"^v\d+\.\d+\.\d+$"), BeforeValidator(_text)]
Whole = Annotated[int, BeforeValidator(not_bool)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(not_bool)]
Kilowatts = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False), BeforeValidator(not_bool)]
Megawatts = Annotated[float, Field(gt=0, le=20_000, allow_inf_nan=False), BeforeValidator(not_bool)]
"""Power of a site or of a part of it; the largest site that is announced has 11 GW."""
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(not_bool)]
Number = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(not_bool)]
Network4 = Annotated[ipaddress.IPv4Network, BeforeValidator(_network(4)), _network_schema(4)]
Network6 = Annotated[ipaddress.IPv6Network, BeforeValidator(_network(6)), _network_schema(6)]


def unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list of the region file that names a thing twice."""
    seen = sorted(str(value) for value, times in collections.Counter(values).items() if times > 1)
    if seen:
        raise ValueError(f"named more than once: {', '.join(seen)}")
    return values


Names = Annotated[tuple[Name, ...], AfterValidator(unique)]
Countries = Annotated[tuple[Country, ...], Field(min_length=1), AfterValidator(unique)]
