"""Free ports on loopback."""

import random
import socket
from collections.abc import Collection

from ai_factory.infra.sandbox.errors import SandboxError

# Below the range from which Linux takes the local ports of outgoing connections (32768 and up by default), so that
# none of those is in the way of a restart.
_LOWEST, _HIGHEST = 20000, 32000
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(taken: Collection[int]) -> int:
    """Choose a free port of 127.0.0.1 that is not in `taken`. Raises `SandboxError` when none can be found."""
    for port in random.sample(range(_LOWEST, _HIGHEST), _ATTEMPTS):
        if port not in taken and is_free(port):
            return port
    raise SandboxError(f"no free port on 127.0.0.1 between {_LOWEST} and {_HIGHEST}", "Stop some programs.")
