"""What the engine or a reviewer would refuse about a resource: no provider, and credentials in clear text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .recording import Json, Resource, Secret


def faults(resource: Resource) -> Iterator[str]:
    """What the engine or a reviewer would refuse about one resource."""
    kubernetes = resource.typ.startswith("kubernetes:")
    if kubernetes and not resource.provider:
        yield "has no provider of its own, and default providers are off"
    if resource.typ == "kubernetes:core/v1:Secret" and resource.read_id is None:
        for key in ("data", "stringData"):
            if resource.inputs.get(key) and not isinstance(resource.inputs[key], Secret):
                yield f"{key} of a Secret is not marked as secret"
    yield from clear_text_secrets(resource.inputs)


_SECRET_TEXT = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|client-key-data: *[A-Za-z0-9+/=]{20,}"),
    "a token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+|\btoken['\"]?: *['\"]?[\w.+/=-]{12,}"),
    "a bootstrap token": re.compile(r"^[a-z0-9]{6}\.[a-z0-9]{16}$"),
    "a password": re.compile(r"\b(password|passwd)['\"]? *[:=] *['\"]?[^\s'\"{}$<]{6,}", re.IGNORECASE),
    "an access key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a password in a URL": re.compile(r"://[^/\s:@]+:[^/\s:@]+@"),
}
_SECRET_KEYS = re.compile(
    r"^(password|passwd|token|client-?key-?data|private-?key|secret_key|secret-?access-?key)$", re.IGNORECASE
)


def clear_text_secrets(value: Json, path: str = "") -> Iterator[str]:
    """Strings that look like a credential and are not marked as secret."""
    if isinstance(value, dict):
        for key, inner in value.items():
            where = f"{path}.{key}" if path else key
            if _SECRET_KEYS.match(key) and isinstance(inner, str) and inner:
                yield f"{where} holds a credential in clear text"
            yield from clear_text_secrets(inner, where)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from clear_text_secrets(inner, f"{path}[{number}]")
    elif isinstance(value, str):
        yield from (f"{path} holds {what} in clear text" for what, form in _SECRET_TEXT.items() if form.search(value))
