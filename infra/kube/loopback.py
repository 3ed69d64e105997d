"""Whether an address leads to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine.

    >>> [is_loopback(u) for u in ("https://127.0.0.1:6443", "https://[::1]:6443", "https://localhost:1")]
    [True, True, True]
    >>> [is_loopback(u) for u in ("https://10.0.0.1:6443", "https://localhost.example:6443", "127.0.0.1")]
    [False, False, False]
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
