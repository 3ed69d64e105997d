"""Folders and files: where the package stands, where a user's cache and state lie, and writing whole or not at all."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
"""Folder of this package, `infra`."""
