"""Kubeconfigs that come from a cluster: whoever can write the Secret must not own the machine that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import source
from .problems import InputError

_RUNS = ("exec", "auth-provider")
"""What client-go starts a program for."""
_READS = ("tokenFile", "client-certificate", "client-key")
"""Paths that the reader opens, and whose content goes to the server that the same file names."""
_KEYS = {"users": (*_RUNS, *_READS), "clusters": ("certificate-authority",)}
_DATA = "a kubeconfig from a cluster holds certificates and tokens themselves; see who wrote it"


def reaches_out(text: str) -> str | None:
    """What of a kubeconfig would run a program or read a file on the machine that uses it; None for plain data.

    What is read in more ways than one, or not at all, is no plain data: another reader may find a program in it.

    Source: KubeConfig v1 (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/), AuthInfo and Cluster.

    Args:
        text: the kubeconfig; what is YAML and no kubeconfig is for its reader to refuse.

    >>> reaches_out("users: [{name: admin, user: {exec: {command: sh}}}]")
    'users[admin].exec'
    >>> reaches_out("users: [{name: admin, user: {token: secret}}]") is None
    True
    """
    try:
        config = source.parse_foreign(text, "kubeconfig")
    except InputError as error:
        return str(error.problems[0])
    return ", ".join(_keys(config)) or None


def refusal(where: str, keys: str) -> tuple[str, str]:
    """What to say of such a kubeconfig, and how to mend it.

    Args:
        where: the Secret that it comes from.
        keys: what `reaches_out` gave.
    """
    would = "would run a program or read files on this machine, or hides what it does"
    return f"the kubeconfig of {where} {would}: {keys}", _DATA


def _keys(config: Any) -> Iterator[str]:
    for kind, keys in _KEYS.items():
        entries = _mapping(config).get(kind)
        for entry in map(_mapping, entries if isinstance(entries, list) else []):
            body = _mapping(entry.get(kind.removesuffix("s")))
            yield from (f"{kind}[{entry.get('name')}].{key}" for key in keys if body.get(key) not in (None, ""))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
