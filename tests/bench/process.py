"""Runs a program and takes its time and the most memory that it and its children held at a time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from .row import Taken

AIFACTORY = str(Path(sys.executable).with_name("aifactory"))
_PAUSE = 0.25
"""Seconds between looks at memory: reading shared pages' shares takes some ms a process."""


def run(command: Sequence[str | Path], folder: Path, *, codes: Sequence[int] = (0,)) -> tuple[Taken, str]:
    """Run a program to its end.

    Returns:
        Time and memory, and what it printed.

    Raises:
        RuntimeError: it ended with a code other than `codes`.
    """
    environment = {**os.environ, "COLUMNS": "120"}
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watch = _Watch(process.pid)
        watch.start()
        out, errors = process.communicate()
        seconds = time.perf_counter() - start
        watch.stop()
    if process.returncode not in codes:
        raise RuntimeError(f"{command} ended with {process.returncode}:\n{out[-2000:]}{errors[-2000:]}")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Taken(seconds, max(watch.megabytes, largest)), out


class _Watch(threading.Thread):
    """Adds up the memory of a process and its children; what forked processes share counts once, where that is told.

    A peak between two looks is missed: the largest single process, which the kernel keeps count of, is the least.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(pid)
        self.done = threading.Event()
        self.megabytes = 0.0

    def run(self) -> None:
        while not self.done.wait(_PAUSE):
            self.megabytes = max(self.megabytes, sum(_bytes(one) for one in self._processes()) / 2**20)

    def stop(self) -> None:
        self.done.set()
        self.join()

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self.root, *self.root.children(recursive=True)]
        except psutil.Error:
            return []


def _bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(memory, "pss", memory.rss)
