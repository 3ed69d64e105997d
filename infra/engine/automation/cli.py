"""Where the Pulumi CLI is; apart from the engine, which takes a second to import."""

from __future__ import annotations

import shutil

from ...errors import UnavailableError


def find_cli() -> str:
    """The Pulumi CLI.

    Raises:
        UnavailableError: it is not on PATH.
    """
    program = shutil.which("pulumi")
    if program is None:
        remedy = "install it (https://www.pulumi.com/docs/iac/download-install), or use `--engine direct`"
        raise UnavailableError("the Pulumi CLI is not on PATH", remedy)
    return program
