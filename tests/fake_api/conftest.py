"""A fake API server for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .server import FakeApi


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})
        yield server
