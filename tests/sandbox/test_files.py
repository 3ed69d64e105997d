"""Private files, the lock, and operating-system errors."""

import errno
import multiprocessing
from pathlib import Path

import pytest

from ai_factory.infra.files import write_private
from ai_factory.infra.sandbox import files, layout
from ai_factory.infra.sandbox.certs import Authority, ensure_token_keys
from ai_factory.infra.sandbox.errors import SandboxError, explain_os_errors


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_credentials_are_private_whatever_the_umask(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    pair = Authority(folder, "ca").ensure().issue(folder, "admin", common_name="admin", groups=("system:masters",))
    tokens = ensure_token_keys(folder)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert {pair.key, tokens.key} < set(folder.iterdir())


def test_private_write_leaves_the_old_file_when_it_fails(tmp_path: Path, mocker) -> None:
    path = write_private(tmp_path / "state", "old")
    mocker.patch.object(Path, "replace", side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("value", "used"), [("/var/state", "/var/state"), ("relative", "/home/u/.local/state")])
def test_state_dir_follows_xdg(value: str, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", value)
    monkeypatch.setenv("HOME", "/home/u")
    assert layout.default_state_dir() == Path(used) / "ai-factory" / "sandbox"


def _hold(lock: Path, held: object, release: object) -> None:
    with files.locked(lock):
        held.set()
        release.wait(20)


def test_lock_keeps_a_second_process_waiting(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    lock = tmp_path / "state" / ".lock"
    other = context.Process(target=_hold, args=(lock, held, release))
    other.start()
    assert held.wait(20)
    told: list[str] = []
    with (
        pytest.raises(SandboxError, match="another process holds the lock"),
        files.locked(lock, lambda: told.append("waiting"), timeout_seconds=0.1),
    ):
        pytest.fail("two processes hold the lock")
    assert told == ["waiting"]
    release.set()
    with files.locked(lock, timeout_seconds=20):
        assert mode(lock) == 0o600
    other.join()


def test_lock_is_taken_anew_when_its_folder_was_removed_meanwhile(tmp_path: Path) -> None:
    lock = tmp_path / "state" / ".lock"
    with files.locked(lock):
        files.remove_tree(lock.parent)
        assert list(tmp_path.iterdir()) == []
        with files.locked(lock, timeout_seconds=5):
            assert lock.exists()


def test_full_disk_is_told_without_a_traceback() -> None:
    with pytest.raises(SandboxError) as caught, explain_os_errors("starting the sandbox"):
        raise OSError(errno.ENOSPC, "No space left on device", "/cache/etcd")
    assert caught.value.message == "/cache/etcd: the disk is full while starting the sandbox"
    assert "Free some space" in caught.value.remedy


def test_removal_takes_what_an_interrupted_one_left(tmp_path: Path) -> None:
    (tmp_path / ".sandbox.0123.removed" / "deep").mkdir(parents=True)
    (tmp_path / "sandbox").mkdir()
    files.remove_tree(tmp_path / "sandbox")
    assert list(tmp_path.iterdir()) == []
