"""Licences of installed packages, from what they say of themselves, and who of them the wheel needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PERMISSIVE = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense", "Zlib"}
)
"""SPDX names of licences that ask for no more than to be named."""
_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""SPDX names of what older packages write."""


def needed(requirements: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Installed distributions that requirements need, with all that those need, by normalized name."""
    distributions: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                distributions[name] = metadata.distribution(name)
                waiting += _asked_by(distributions[name], extra)
    return distributions


def _asked_by(distribution: metadata.Distribution, extra: str) -> Iterator[Requirement]:
    """What a distribution asks for on this machine, with one of its extras or with none."""
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def licence(distribution: metadata.Distribution) -> str:
    """The SPDX expression of a distribution, or one made of its older fields; its own words where it names none."""
    fields = distribution.metadata
    if expression := fields.get("License-Expression"):
        return str(expression)
    classifiers = [line for line in fields.get_all("Classifier") or () if line.startswith("License :: ")]
    if classifiers:
        return " AND ".join(_NAMES.get(line, line) for line in classifiers)
    text = (fields.get("License") or "").strip()
    return _NAMES.get(text, text)


def is_permissive(expression: str) -> bool:
    """Whether a choice of an SPDX expression without parentheses asks for no more than to be named.

    >>> is_permissive("GPL-2.0-only OR MIT AND ISC"), is_permissive("MIT AND MPL-2.0"), is_permissive("")
    (True, False, False)
    """
    choices = re.split(r"\s+OR\s+", expression)
    return any(all(name in PERMISSIVE for name in re.split(r"\s+AND\s+", choice)) for choice in choices)
