"""The pack's adapter, imported as the pack does: from its own folder."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

PACK = Path(__file__).resolve().parent.parent.parent / "policypack"


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`policypack/adapter.py`; the path is as before afterwards."""
    monkeypatch.setattr(sys, "path", [str(PACK), *sys.path])
    monkeypatch.delitem(sys.modules, "adapter", raising=False)
    import adapter

    return adapter
