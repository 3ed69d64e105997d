"""What the wheel needs at run time may be shipped beside it, and is what the lock pins."""

from __future__ import annotations

import doctest
from importlib import metadata
from pathlib import Path

import pytest

from . import licences
from .asked import lock_text, project, run_time
from .licences import is_permissive, licence, needed
from .lockfile import read

ACCEPTED = {
    "certifi": "MPL-2.0",  # asks for changes of its own files only: a list of certificates, which nobody changes here
}


def test_the_wheel_needs_permissive_packages_only() -> None:
    packages = needed(run_time())

    assert len(packages) >= len(run_time())
    others = {name: licence(package) for name, package in packages.items() if not is_permissive(licence(package))}
    assert others == ACCEPTED
    assert is_permissive(project()["license"])


def test_what_is_installed_is_what_the_lock_pins() -> None:
    pinned = {pin.name: pin.version for pin in read(lock_text("requirements/dev.lock")).pins}
    installed = {name: package.version for name, package in needed(run_time()).items()}

    assert installed == {name: pinned.get(name) for name in installed}, "run `make setup`"


# That the reading can tell ----------------------------------------------------------------------------------------


def package(folder: Path, name: str, *lines: str) -> metadata.Distribution:
    """An installed package with lines of metadata."""
    place = folder / f"{name}-1.dist-info"
    place.mkdir()
    text = "\n".join(("Metadata-Version: 2.4", f"Name: {name}", "Version: 1", *lines, ""))
    (place / "METADATA").write_text(text, encoding="utf-8")
    return metadata.PathDistribution(place)


@pytest.mark.parametrize(
    ("lines", "permissive"),
    [
        (["License-Expression: Apache-2.0 OR GPL-3.0-only"], True),
        (["License-Expression: Apache-2.0 AND GPL-3.0-only"], False),
        (["License-Expression: LGPL-2.1-or-later", "License: MIT"], False),
        (["License-Expression: (MIT)"], False),
        (["License: MIT"], True),
        (["License: 3-Clause BSD License"], True),
        (["License: Proprietary"], False),
        (["License: MIT", "Classifier: License :: OSI Approved :: GNU Affero General Public License v3"], False),
        (["Classifier: License :: OSI Approved :: MIT License"], True),
        (
            [
                "Classifier: License :: OSI Approved :: MIT License",
                "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            ],
            False,
        ),
        (["License: MIT", "Classifier: License :: Other/Proprietary License"], False),
        ([], False),
    ],
)
def test_a_licence_is_judged_by_what_the_package_says(lines: list[str], permissive: bool, tmp_path: Path) -> None:
    assert is_permissive(licence(package(tmp_path, "x", *lines))) is permissive


def test_needed_follows_extras_and_markers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "top", "Requires-Dist: middle[more]>=1", "Requires-Dist: absent ; python_version < '3'")
    package(tmp_path, "middle", "Provides-Extra: more", "Requires-Dist: Low_Down ; extra == 'more'")
    package(tmp_path, "low_down", "Requires-Dist: top")
    monkeypatch.syspath_prepend(tmp_path)

    assert set(needed(["top"])) == {"top", "middle", "low-down"}
    assert set(needed(["middle"])) == {"middle"}


def test_examples_are_true() -> None:
    assert doctest.testmod(licences).attempted and doctest.testmod(licences).failed == 0
