"""Files that a region names: plain ones of the project, of bounded size, and never quoted where they are others."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_factory.infra import plan_region, spec
from ai_factory.infra.kube import kubeconfig
from ai_factory.infra.plan import regions
from ai_factory.infra.spec import inventory
from ai_factory.infra.spec.problems import MOST_SHOWN, InputError
from tests import regionfile

SECRET = "machine git.example login alice password hunter2\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n"
OUTSIDE, SPECIAL = "stands outside the project and is not read", "is no plain file, but a device, a pipe or a socket"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project beside a file that is none of its own."""
    (tmp_path / "secret.csv").write_text(SECRET, encoding="utf-8")
    (tmp_path / "secret.pem").write_text(CERTIFICATE, encoding="utf-8")
    root = tmp_path / "project"
    (root / "stacks" / "regions").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\n", encoding="utf-8")
    return root


def link(path: Path, to: Path | str) -> None:
    path.symlink_to(to)


def pipe(path: Path, _: object) -> None:
    os.mkfifo(path)


def long(path: Path, size: int) -> None:
    """A file of holes."""
    with path.open("wb") as stream:
        stream.truncate(size)


CASES: dict[str, tuple[Callable[[Path, object], object] | None, object, str]] = {
    # name of the file below the project: how it is made, of what, and what is wrong
    "../secret.csv": (None, None, OUTSIDE),
    "/dev/zero": (None, None, OUTSIDE),
    "/etc/passwd": (None, None, OUTSIDE),
    "~/.netrc": (None, None, "no such"),
    "stacks/link.csv": (link, "../../secret.csv", OUTSIDE),
    "stacks/device.csv": (link, "/dev/zero", OUTSIDE),
    "stacks/round.csv": (link, "round.csv", "can't be read: Too many levels of symbolic links"),
    "stacks/pipe.csv": (pipe, None, SPECIAL),
    "stacks": (None, None, "can't be read: Is a directory"),
    "stacks/long.csv": (long, inventory.MAX_BYTES + 1, "more than the 64 MiB allowed"),
}


def prepared(project: Path, name: str) -> Path:
    make, what, _ = CASES[name]
    path = project / name
    if make is not None:
        make(path, what)
    return path


@pytest.mark.parametrize("name", CASES)
def test_an_inventory_is_a_plain_file_of_the_project(name: str, project: Path) -> None:
    prepared(project, name)
    shown = name if name.startswith("/") else f"../../{name}"
    file = project / "stacks" / "regions" / "lab.yaml"
    file.write_text(regionfile.dump(regionfile.patched("lab", to={"inventory": shown})), encoding="utf-8")

    for opened in (regions.open_region, lambda path: plan_region(path, allocations="provisional")):
        with pytest.raises(InputError) as caught:
            opened(file)
        assert CASES[name][2] in str(caught.value)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", CASES)
def test_a_certificate_authority_is_a_plain_file_of_the_project(name: str, project: Path) -> None:
    prepared(project, name)
    command = spec.Exec(command="a", server="https://b", ca_file=name.replace(".csv", ".pem", 1))
    if name.startswith("stacks/"):
        command = spec.Exec(command="a", server="https://b", ca_file=name)

    with pytest.raises(InputError) as caught:
        kubeconfig.authority(command, project)

    expected = "more than the 1 MiB allowed" if "long" in name else CASES[name][2].replace("no such", "no file")
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["lab.yaml", "lab.lock.yaml"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_region_and_its_lock_are_plain_files_of_the_project(name: str, kind: str, project: Path) -> None:
    folder = project / "stacks" / "regions"
    (folder / "lab.yaml").write_text(regionfile.base_text("lab"), encoding="utf-8")
    (folder / name).unlink(missing_ok=True)
    if kind == "pipe":
        pipe(folder / name, None)
    else:
        link(folder / name, project.parent / "secret.csv")

    with pytest.raises(InputError, match=SPECIAL if kind == "pipe" else OUTSIDE) as caught:
        regions.open_region(folder / "lab.yaml")

    assert "hunter2" not in str(caught.value)


def test_an_inventory_elsewhere_in_the_project_is_read(project: Path) -> None:
    (project / "hosts.csv").write_text("rack,u,serial,bmc,mac\n", encoding="utf-8")
    link(project / "stacks" / "hosts.csv", "../hosts.csv")
    file = project / "stacks" / "regions" / "lab.yaml"
    for name in ("../../hosts.csv", "../hosts.csv"):
        file.write_text(regionfile.dump(regionfile.patched("lab", to={"inventory": name})), encoding="utf-8")

        assert regions.open_region(file).inventory is not None


def test_a_program_may_name_any_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    hosts = project.parent / "hosts.csv"
    hosts.write_text("rack,u,serial,bmc,mac\n", encoding="utf-8")

    assert plan_region(regionfile.base("lab"), inventory=hosts).name == "lab"
    with pytest.raises(InputError, match=OUTSIDE):
        plan_region(regionfile.patched("lab", to={"inventory": "../hosts.csv"}))


@pytest.mark.parametrize("text", [SECRET, "user,password\nalice,hunter2\n", "rack,u,serial,bmc,mac,hunter2\n"])
def test_the_first_line_of_another_file_is_not_quoted(text: str) -> None:
    with pytest.raises(InputError) as caught:
        inventory.parse(text, "h.csv")

    assert not {"hunter2", "machine", "alice", "user"} & set(str(caught.value).replace(",", " ").split())


def test_many_rows_are_refused_at_once_and_many_faults_are_cut() -> None:
    header = "rack,u,serial,bmc,mac\n"
    with pytest.raises(InputError, match="more than 250,000 lines"):
        inventory.parse(header + "r,1,s,10.0.0.1,02:00:00:00:00:01\n" * 1_000_000, "h.csv")
    with pytest.raises(InputError) as caught:
        inventory.parse(header + "r\n" * 5000, "h.csv")

    assert len(caught.value.problems) == MOST_SHOWN + 1
    assert str(caught.value).endswith("more faults are not shown.")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 2**20  # KiB
