"""What the user of an engine allows."""

from __future__ import annotations

from dataclasses import dataclass

CONCURRENCY = 16
"""Requests side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user allows."""

    adopt: bool = False
    """Take over objects and fields of others."""
    force_protected: bool = False
    """Delete protected objects too."""
    wait: bool = True
    """Wait for readiness."""
    concurrency: int = CONCURRENCY
