"""The quick reader of lock files reads what the YAML reader does, or leaves it to that one."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.plan.allocation import lock, lock_lines
from ai_factory.infra.spec import source
from ai_factory.infra.spec.problems import InputError
from tests import regionfile

REGIONS = ("kr-dsx-1", "kr-haein", "kr-ulsan", "lab")
V6 = lock.StorageEntry(name="six", network=ipaddress.IPv6Network("fd00:0:1::/64"))
PIECES = (
    "on", "null", "~", "1e3", "0x1f", "010", "1_000", "1:30", "-1", "+1", "1.5", "2026-01-01", "y", "Yes", "a b",
    "{", "}", "[", "]", ", ", ": ", "\n", "\r\n", "- ", "#", " #", "'", '"', "&a ", "*a", "!!str ", "<<", "\t", "\x00",
    "\u2028", "\ufeff", "é", "name: x", "kind: tenant", "/", "::/8", " ", "---\n", "[[0, 1]]", "[]", "{}", "9" * 20,
)  # fmt: skip


def text_of(region: str) -> str:
    return regionfile.REGIONS.joinpath(f"{region}.lock.yaml").read_text(encoding="utf-8")


def by_yaml(folder: Path, text: str) -> Any:
    path = folder / "some.lock.yaml"
    path.write_bytes(text.encode())
    try:
        return source.read(path).data
    except InputError:
        return None


@pytest.mark.parametrize("region", REGIONS)
def test_every_lock_of_the_repository_is_read_quickly_and_alike(region: str, tmp_path: Path) -> None:
    assert lock_lines.read(text_of(region)) == by_yaml(tmp_path, text_of(region))


def test_whatever_is_written_is_read_quickly_and_alike(tmp_path: Path) -> None:
    text = lock.text(lock.Lock(region="lab", entries=(V6, lock.ReleasedEntry(name="tenant/acme"))))

    assert "'fd00:0:1::/64'" in text
    assert lock_lines.read(text) == by_yaml(tmp_path, text) is not None


@pytest.mark.parametrize("region", ["kr-haein", "lab"])
def test_edited_files_are_read_alike_or_left_to_yaml(region: str, tmp_path: Path) -> None:
    rng = random.Random(region)
    text = text_of(region) + lock.line(V6)
    quick = 0
    for _ in range(400):
        start = rng.randrange(len(text))
        edited = text[:start] + rng.choice(PIECES) + text[start + rng.choice((0, 0, 1, 2, 5)) :]
        data = lock_lines.read(edited)
        quick += data is not None
        assert data is None or data == by_yaml(tmp_path, edited), edited[start - 60 : start + 60]
    assert 20 < quick < 390


@pytest.mark.parametrize("word", ["on", "null", "true", "no"])
def test_words_that_yaml_reads_as_another_type_are_left_to_it(word: str) -> None:
    text = text_of("lab")

    assert lock_lines.read(text.replace("hall: h1", "hall: h2", 1)) is not None
    assert lock_lines.read(text.replace("hall: h1", f"hall: {word}", 1)) is None
    assert lock_lines.read(text.replace("region: lab", f"region: {word}", 1)) is None


def test_keys_given_twice_and_long_files_are_left_to_yaml() -> None:
    text = text_of("lab")

    assert lock_lines.read(text.replace("number: 1,", "number: 1, number: 2,", 1)) is None
    assert lock_lines.read(text + "- {kind: released, name: tenant/a}\n" * 20_000) is None
