"""Values that an engine hides or does not know yet: a rule that reads one can't judge, and says so.

Pulumi writes `[secret]`, or an object with a signature, for a secret, and a fixed UUID for what is known only after the
update (sdk/go/common/resource/properties.go, sdk/go/common/resource/plugin/rpc.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what stands in place of one
SIGNATURE = "4dabf18193072939515e22adb298388d"
UNKNOWN = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class OpaqueError(Exception):
    """A rule read a value that is secret or not known yet; the text is its path."""


def is_opaque(value: Any) -> bool:
    """Whether a value is hidden or not known yet.

    >>> is_opaque("[secret]"), is_opaque({SIGNATURE: "..."}), is_opaque("plain")
    (True, True, False)
    """
    if isinstance(value, str):
        return value == SECRET or value in UNKNOWN
    return isinstance(value, dict) and SIGNATURE in value


def guarded(value: Any, path: str = "") -> Any:
    """Plain data whose opaque values raise when they are read; data without any comes back as it is."""
    if isinstance(value, dict):
        pairs = {key: guarded(inner, f"{path}.{key}" if path else key) for key, inner in value.items()}
        hidden = {key for key, inner in value.items() if is_opaque(inner)}
        changed = hidden or any(pairs[key] is not value[key] for key in pairs)
        return _Dict(pairs, hidden, path) if changed else value
    if isinstance(value, list):
        items = [guarded(item, f"{path}[{n}]") for n, item in enumerate(value)]
        if any(is_opaque(item) for item in value):
            return _List(items, path)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


class _Dict(dict[str, Any]):
    """Raises OpaqueError where an opaque value is read; its keys are known."""

    def __init__(self, pairs: dict[str, Any], hidden: set[str], path: str) -> None:
        super().__init__(pairs)
        self._hidden = hidden
        self._path = path

    def _check(self, key: Any) -> None:
        if key in self._hidden:
            raise OpaqueError(f"{self._path}.{key}" if self._path else key)

    def _check_all(self) -> None:
        for key in sorted(self._hidden):
            self._check(key)

    def __getitem__(self, key: str) -> Any:
        self._check(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._check(key)
        return super().get(key, default)

    def __iter__(self) -> Iterator[str]:
        """As ever; but a dict that has its own is copied by reading it key by key."""
        return super().__iter__()

    def items(self) -> Any:
        self._check_all()
        return super().items()

    def values(self) -> Any:
        self._check_all()
        return super().values()

    def __eq__(self, other: object) -> bool:
        self._check_all()
        return super().__eq__(other)


class _List(list[Any]):
    """A list with an opaque value: which of its values differ from others can't be said, only how many there are."""

    def __init__(self, items: list[Any], path: str) -> None:
        super().__init__(items)
        self._path = path

    def __iter__(self) -> Iterator[Any]:
        raise OpaqueError(self._path)

    def __getitem__(self, index: Any) -> Any:
        raise OpaqueError(self._path)

    def __contains__(self, value: object) -> bool:
        raise OpaqueError(self._path)

    def __eq__(self, other: object) -> bool:
        raise OpaqueError(self._path)
