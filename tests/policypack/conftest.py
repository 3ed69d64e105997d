"""The pack's adapter, as the pack imports it."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.regionfile import REPOSITORY

PACK = REPOSITORY / "policypack"


@pytest.fixture
def adapter() -> ModuleType:
    """`policypack/adapter.py`."""
    from ai_factory.policypack import adapter

    return adapter
