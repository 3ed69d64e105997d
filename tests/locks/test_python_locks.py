"""Every Python lock pins what its file asks for, by hashes, from no place of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ai_factory.infra.expand import project

from .asked import LOCKS, development, lock_files, lock_text
from .lockfile import disagreements, faults, read

DIGEST = "0" * 64
RUN_TIME, DEVELOPMENT = "infra/expand/run_time.lock", "requirements/dev.lock"
GOOD = f"""\
#
#    pip-compile --generate-hashes --no-emit-index-url --output-file=x.lock x.in
#
direct==1.0 \\
    --hash=sha256:{"1" * 64} \\
    --hash=sha256:{"2" * 64}
    # via -r x.in
indirect==2.0.post1 ; python_version < "3.13" \\
    --hash=sha256:{"3" * 64}
    # via
    #   -r x.in
    #   direct
last==3 \\
    --hash=sha256:{"4" * 64}
    # via indirect
"""
ASKED = ["direct>=1", "indirect[extra]>=2,<3"]
SPOILT = {
    "an index": ("#\ndirect", "--index-url https://packages.example/simple\ndirect", "line 3 is no pin"),
    "an index in a comment": ("--no-emit-index-url", "--index-url=packages.example", "line 2 names a place"),
    "a host in a comment": ("via indirect", "via https://packages.example", "line 15 names a place"),
    "a trusted host": ("#\ndirect", "--trusted-host packages.example\ndirect", "line 3 names a place"),
    "a direct URL": (r"last==3", "last @ https://packages.example/last-3.whl", "line 13 is no pin"),
    "a URL of git": (r"last==3", "git+ssh://packages.example/last", "line 13 is no pin"),
    "another file": ("#\ndirect", "-r other.txt\ndirect", "line 3 is no pin"),
    "an editable folder": ("#\ndirect", "-e .\ndirect", "line 3 is no pin"),
    "a range": ("last==3", "last>=3", "line 13 is no pin"),
    "any version": (r"last==3", "last==3.*", "line 13 is no pin"),
    "no hash": (r"last==3 \\\n.*\n", "last==3\n", "line 13 is no pin"),
    "no hash at its end": (r"( \\\n    --hash=sha256:4+)", r" \\", "last has no hash"),
    "no hash in the middle": (r"    --hash=sha256:3+\n", "", "indirect has no hash"),
    "a weak hash": ("sha256:4+", "md5:" + "4" * 32, "line 14 is no pin"),
    "a short hash": ("sha256:4+", "sha256:4444", "line 14 is no pin"),
    "a hash behind the end": ("    # via indirect", f"    --hash=sha256:{DIGEST}", "line 15 is no pin"),
    "a hash of another": ("4" * 64, "1" * 64, "last has a hash of direct again"),
    "a package twice": ("last==3", "direct==3", "direct stands there twice"),
    "a package for nobody": ("    # via indirect", "", "last is needed by nothing"),
    "a package for a stranger": ("via indirect", "via stranger", "last is needed by nothing"),
}


def project_files() -> dict[str, str]:
    """What `aifactory init` writes, by name."""
    folder = Path("a-folder-that-is-not-there")
    draft = project.draft(project.Request(folder=folder, version="1.2.3"))
    return {path.relative_to(folder).as_posix(): text for path, text in draft.files.items()}


def test_every_lock_is_listed() -> None:
    assert lock_files() == set(LOCKS)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_good(name: str) -> None:
    text = lock_text(name)

    assert len(read(text).pins) == len(re.findall(r"^[^\s#].*==", text, re.MULTILINE)) >= 1
    assert faults(text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_what_its_file_asks_for(name: str) -> None:
    assert disagreements(lock_text(name), LOCKS[name]()) == []


def test_the_policy_pack_asks_as_the_package_does() -> None:
    ours = {Requirement(line).name: Requirement(line).specifier for line in development()}
    pack = [Requirement(line) for line in LOCKS["policypack/requirements.lock"]()]

    shared = [requirement for requirement in pack if requirement.name in ours]
    assert len(shared) == len(pack) - 1, "all but pulumi-policy are what the rules import"
    assert {requirement.name: requirement.specifier for requirement in shared} == {
        requirement.name: ours[requirement.name] for requirement in shared
    }


def test_a_project_asks_for_this_package_alone_and_exactly() -> None:
    text = project_files()["requirements.txt"]

    assert [line for line in text.splitlines() if not line.startswith("#")] == ["ai-factory==1.2.3"]


def test_a_project_pins_all_that_this_package_needs_as_the_repository_does() -> None:
    pins, tested = (
        {pin.name: pin for pin in read(text).pins} for text in (lock_text(RUN_TIME), lock_text(DEVELOPMENT))
    )
    written = read(project_files()["requirements.lock"])

    assert {name: (pin.version, pin.hashes) for name, pin in pins.items()} == {
        name: (tested[name].version, tested[name].hashes) for name in pins
    }
    assert [(pin.name, pin.version, pin.hashes) for pin in written.pins] == [
        (pin.name, pin.version, pin.hashes) for pin in pins.values()
    ]
    assert written.strange == []


def test_a_project_s_pipelines_take_packages_by_hashes_and_ours_alone() -> None:
    installs = [line for line in project.INSTALL if " install " in line]

    assert [line.partition(" --quiet ")[2] for line in installs] == [
        "--require-hashes -r requirements.lock",
        "--no-deps -r requirements.txt",
    ]
    assert project.INSTALL[-1].endswith(" -m pip check")


# That the reading can tell ----------------------------------------------------------------------------------------


def test_a_good_lock_has_no_fault() -> None:
    assert faults(GOOD) == disagreements(GOOD, ASKED) == []
    assert [(pin.name, pin.version, len(pin.hashes), pin.askers) for pin in read(GOOD).pins] == [
        ("direct", "1.0", 2, ["-r x.in"]),
        ("indirect", "2.0.post1", 1, ["-r x.in", "direct"]),
        ("last", "3", 1, ["indirect"]),
    ]


@pytest.mark.parametrize("fault", SPOILT)
def test_a_fault_is_named(fault: str) -> None:
    good, wrong, message = SPOILT[fault]
    text, places = re.subn(good, wrong, GOOD, count=1)

    assert places == 1
    assert [line for line in faults(text) if line.startswith(message)], faults(text)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([*ASKED, "Missing_Package"], "missing-package is asked for and not pinned"),
        (ASKED[:1], "indirect is pinned as asked for, and is not"),
        ([*ASKED, "last"], "last is asked for, and pinned for others only"),
        (["direct>=1.1", ASKED[1]], "direct is pinned at 1.0, asked for is >=1.1"),
        (["direct @ https://packages.example/direct.whl", ASKED[1]], "direct is asked for by a URL"),
    ],
)
def test_a_disagreement_is_named(asked: list[str], message: str) -> None:
    assert disagreements(GOOD, asked) == [message]
