"""The page of pull requests is what the commands print today."""

from __future__ import annotations

import pytest

from . import walkthrough


@pytest.mark.slow
def test_the_page_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in walkthrough._FIXED:
        monkeypatch.setenv(name, "")  # so that what the page sets is put back

    assert walkthrough.PAGE.read_text(encoding="utf-8") == walkthrough.page(), "run `make docs`"
