"""A digest of everything in this package that a plan and its objects depend on: no cache outlives a change of it."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib import metadata

import msgspec
import pydantic
import pydantic_core
import yaml

from ...files import PACKAGE

FORMAT = 2
"""Raised when the records change. 1: owners were guessed from names; 2: objects say whose they are."""
FORMER = FORMAT - 1
"""The format before, which stays readable: a base may be planned by code that writes it."""
OWNERS_SINCE = 2
"""First format whose objects say whose they are."""
_FOLDERS = ("catalog", "gate", "objects", "plan", "spec", "text")
_SUFFIXES = (".py", ".yaml", ".j2")
_LIBRARIES = (msgspec, pydantic, pydantic_core, yaml)
"""Whose versions count: what plans are read, checked and encoded with; and Jinja2, which is loaded only to render."""


def digest(*parts: bytes | str) -> str:
    """Digest of parts as the key of a cache entry, 40 hex digits; where one ends and the next begins counts."""
    hasher = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()


@cache
def fingerprint() -> str:
    """Digest of the code, data and templates that make plans and verdicts, and of the libraries they rely on."""
    files = sorted(PACKAGE.glob("*.py"))
    for folder in (*(PACKAGE / name for name in _FOLDERS), PACKAGE.parent / "templates"):
        files += sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    parts: list[bytes | str] = [str(FORMAT), libraries()]
    for path in files:
        parts += [path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()]
    return digest(*parts)


@cache
def libraries() -> str:
    """Digest of Python's version and those of the libraries that plans and verdicts rely on."""
    versions = (f"{library.__name__} {library.__version__}" for library in _LIBRARIES)
    return digest(sys.version, f"jinja2 {metadata.version('jinja2')}", *versions)
