"""Run by tests as a process of its own, to be killed or interrupted: KUBECONFIG-FILE STACK COUNT."""

from __future__ import annotations

import sys
from pathlib import Path

from ai_factory.infra.engine.direct.up import up
from ai_factory.infra.engine.interrupts import interruptible
from ai_factory.infra.errors import FactoryError
from ai_factory.infra.kube.stopping import Halt
from tests.live.direct import Stack, config_map


def main() -> None:
    kubeconfig, name, count = sys.argv[1:]
    stack, halt = Stack(Path(kubeconfig), name), Halt()
    run = stack.run(*(config_map(f"c{n}", name) for n in range(int(count))), halt=halt, concurrency=2)
    try:
        with interruptible(halt):
            up(run)
    except FactoryError as error:
        sys.exit(f"{error.exit_code} {error} {run.report}")


if __name__ == "__main__":
    main()
