"""Objects as text, and names that are made from text."""

from __future__ import annotations

import pytest
import yaml

from ai_factory.infra.objects import _flux
from ai_factory.infra.text.yaml import yaml_text


def test_a_value_stands_on_one_line_in_its_own_order_and_script() -> None:
    words = " ".join(["a long line of words that is not broken"] * 100)
    value = {"b": words, "a": ["울산", "é"]}

    written = yaml_text(value)

    assert written == f'b: {words}\na:\n- "울산"\n- "é"\n'
    assert yaml.safe_load(written) == value


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("https://helm.cilium.io", "helm-cilium-io"),
        ("https://Charts.Example/box/", "charts-example-box"),
        ("https://a.example/x--y", "a-example-x-y"),
    ],
)
def test_name_of_a_repository_s_source(repository: str, name: str) -> None:
    assert _flux.slug(repository) == name
