"""Values that lie, that hide, or that make no sense are refused; those that people write are not.

A case of `tests/cases/values` is an entry: `about`; an example region as `base` (`lab` if left out) with `set` (path:
value), `delete` (paths) and `raw` (path: text as it is to stand in the file); `files` beside it, text by name;
`expect`, parts of the faults; `hidden`, what they must not repeat. Those of `good.yaml` expect none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_factory.infra.plan import regions
from ai_factory.infra.spec.problems import InputError
from tests import regionfile

FOLDER = regionfile.REPOSITORY / "tests" / "cases" / "values"
CASES = {
    f"{path.stem}: {case['about']}": case
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
}
PLACE = "PLACE{}PLACE"


def write(case: dict[str, Any], folder: Path) -> Path:
    """The case's region file, and what stands beside it."""
    raw = list(case.get("raw", {}).items())
    places = {path: PLACE.format(number) for number, (path, _) in enumerate(raw)}
    data = regionfile.patched(case.get("base", "lab"), to=places | case.get("set", {}), delete=case.get("delete", ()))
    text = regionfile.dump(data)
    for number, (_, value) in enumerate(raw):
        text = text.replace(PLACE.format(number), value)
    for name, content in case.get("files", {}).items():
        (folder / name).write_text(content, encoding="utf-8")
    file = folder / "region.yaml"
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("name", CASES)
def test_a_value_is_refused_or_good_as_its_case_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    file = write(case, tmp_path)

    if "expect" not in case:
        regions.open_region(file).plan()
        return
    with pytest.raises(InputError) as caught:
        regions.open_region(file).plan()

    for part in case["expect"]:
        assert part in str(caught.value)
    assert case.get("hidden", "\0") not in str(caught.value)
