"""Whether golden files are written anew."""

from __future__ import annotations

import pytest


@pytest.fixture
def golden_update(request: pytest.FixtureRequest) -> bool:
    """Whether `--golden-update` was given."""
    return bool(request.config.getoption("--golden-update"))
