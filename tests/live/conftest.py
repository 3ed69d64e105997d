"""A sandbox for the tests that need a real API server: two clusters, built if need be, removed at the end."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lightkube import Client, KubeConfig

from ai_factory.infra.sandbox import Cluster, Sandbox, display
from ai_factory.infra.sandbox.layout import default_cache_dir
from tests.live import enclaves
from tests.live.people import Server
from tests.objects.conftest import make_plan

CLUSTERS = (Cluster(name="lab-management", role="management"), Cluster(name="lab-train"))


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """The built programs: those of the user, or of the folder that `AIFACTORY_SANDBOX_CACHE` names."""
    return Path(os.environ.get("AIFACTORY_SANDBOX_CACHE", default_cache_dir()))


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Sandbox]:
    """A running sandbox with the clusters `lab-management` and `lab-train`."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox") / "state", cache_dir)
    try:
        with display() as progress:
            sandbox.up(CLUSTERS, progress=progress)
        yield sandbox
    finally:
        sandbox.down(purge=True)


@pytest.fixture(scope="session")
def client(live: Sandbox) -> Callable[[str], Client]:
    """Makes a client of a cluster by its name."""
    config = KubeConfig.from_file(live.kubeconfig())
    return lambda cluster: Client(config=config.get(context_name=cluster), trust_env=False, field_manager="test")


@pytest.fixture(scope="module")
def two_enclaves(live: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API server of `lab-train` with two enclaves: acme shares nodes, gov-llm has nodes of its own."""
    found = Server(Path(live.kubeconfig()), "lab-train", tmp_path_factory.mktemp("admin"))
    plan = make_plan()
    enclaves.set_up(found, plan)
    yield found
    enclaves.tear_down(found, plan)


def eventually(check: Callable[[], Any], *, timeout_seconds: float = 30.0) -> Any:
    """The first true result of `check`; fails when there is none in time."""
    deadline = time.monotonic() + timeout_seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not within {timeout_seconds} s"
        time.sleep(0.1)
    return result
